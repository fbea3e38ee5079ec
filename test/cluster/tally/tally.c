// SPDX-License-Identifier: Apache-2.0

// A module for Redis with a type of its own: a number that is added to.
//
//   TALLY.ADD key n   adds, and returns the sum
//   TALLY.GET key     returns the number, or nil
//
// A server without the module loads no data that has such a number in it, and
// follows no master that has it: what people with modules live with.
//
// Debian ships no redismodule.h, so the few functions that are needed are
// declared here. It needs no library and no header but the compiler's own.

#include <stddef.h>
#include <stdint.h>

enum { OK = 0, ERR = 1 };
enum { API_VERSION = 1, METHODS_VERSION = 1, ENCODING = 0 };
enum { READ = 1, WRITE = 2 };
enum { EMPTY = 0 };
enum { HANDLES_IO_ERRORS = 1 };

typedef struct Context Context;
typedef struct String String;
typedef struct Key Key;
typedef struct Type Type;
typedef struct File File;
typedef int Command(Context *, String **, int);

// Methods are what the server does with values of a type.
typedef struct {
  uint64_t version;
  void *(*load)(File *, int encoding);
  void (*save)(File *, void *);
  void (*rewrite)(File *, String *key, void *);
  size_t (*usage)(const void *);
  void (*digest)(void *, void *);
  void (*release)(void *);
} Methods;

#define FUNCTIONS(F)                                                           \
  F(int, IsModuleNameBusy, (const char *))                                     \
  F(void, SetModuleAttribs, (Context *, const char *, int, int))               \
  F(void, SetModuleOptions, (Context *, int))                                  \
  F(int, CreateCommand,                                                        \
    (Context *, const char *, Command *, const char *, int, int, int))         \
  F(Type *, CreateDataType, (Context *, const char *, int, Methods *))         \
  F(void, AutoMemory, (Context *))                                             \
  F(void *, Alloc, (size_t))                                                   \
  F(void, Free, (void *))                                                      \
  F(int, StringToLongLong, (const String *, long long *))                      \
  F(Key *, OpenKey, (Context *, String *, int))                                \
  F(int, KeyType, (Key *))                                                     \
  F(Type *, ModuleTypeGetType, (Key *))                                        \
  F(void *, ModuleTypeGetValue, (Key *))                                       \
  F(int, ModuleTypeSetValue, (Key *, Type *, void *))                          \
  F(int, ReplicateVerbatim, (Context *))                                       \
  F(int, WrongArity, (Context *))                                              \
  F(int, ReplyWithError, (Context *, const char *))                            \
  F(int, ReplyWithLongLong, (Context *, long long))                            \
  F(int, ReplyWithNull, (Context *))                                           \
  F(void, SaveSigned, (File *, int64_t))                                       \
  F(int64_t, LoadSigned, (File *))                                             \
  F(int, IsIOError, (File *))                                                  \
  F(void, EmitAOF, (File *, const char *, const char *, ...))

#define DECLARE(returns, name, arguments) static returns(*name) arguments;
FUNCTIONS(DECLARE)

static Type *type;

static long long *number(long long value) {
  long long *made = Alloc(sizeof *made);
  *made = value;
  return made;
}

static void *load(File *rdb, int encoding) {
  if (encoding != ENCODING) return NULL;
  int64_t value = LoadSigned(rdb);
  return IsIOError(rdb) ? NULL : number(value);
}

static void save(File *rdb, void *value) {
  SaveSigned(rdb, *(long long *)value);
}

static void rewrite(File *aof, String *key, void *value) {
  EmitAOF(aof, "TALLY.ADD", "sl", key, *(long long *)value);
}

static void release(void *value) { Free(value); }

// of finds the number at a key: nothing where there is none. It reports whether
// the key has nothing else.
static int of(Key *key, long long **found) {
  *found = NULL;
  if (KeyType(key) == EMPTY) return OK;
  if (ModuleTypeGetType(key) != type) return ERR;
  *found = ModuleTypeGetValue(key);
  return OK;
}

static int wrongType(Context *ctx) {
  return ReplyWithError(ctx, "WRONGTYPE the key holds no tally");
}

static int add(Context *ctx, String **argv, int argc) {
  AutoMemory(ctx);
  if (argc != 3) return WrongArity(ctx);
  long long n, sum = 0, *found;
  if (StringToLongLong(argv[2], &n) != OK)
    return ReplyWithError(ctx, "ERR not an integer");
  Key *key = OpenKey(ctx, argv[1], READ | WRITE);
  if (of(key, &found) != OK) return wrongType(ctx);
  if (__builtin_add_overflow(found ? *found : 0, n, &sum))
    return ReplyWithError(ctx, "ERR the sum is too large");
  if (found)
    *found = sum;
  else
    ModuleTypeSetValue(key, type, number(sum));
  ReplicateVerbatim(ctx);
  return ReplyWithLongLong(ctx, sum);
}

static int get(Context *ctx, String **argv, int argc) {
  AutoMemory(ctx);
  if (argc != 2) return WrongArity(ctx);
  long long *found;
  if (of(OpenKey(ctx, argv[1], READ), &found) != OK) return wrongType(ctx);
  return found ? ReplyWithLongLong(ctx, *found) : ReplyWithNull(ctx);
}

// The server hands over its functions by name. The one that finds them is the
// first thing in the context.
static int fetch(Context *ctx) {
  int (*find)(const char *, void *) = *(int (**)(const char *, void *))ctx;
#define FETCH(returns, name, arguments)                                        \
  if (find("RedisModule_" #name, &name) != OK) return ERR;
  FUNCTIONS(FETCH)
  return OK;
}

int RedisModule_OnLoad(Context *ctx, String **argv, int argc) {
  (void)argv, (void)argc;
  static Methods methods = {
      .version = METHODS_VERSION,
      .load = load,
      .save = save,
      .rewrite = rewrite,
      .release = release,
  };
  // As all modules do: loaded twice, it ends the server.
  if (fetch(ctx) != OK || IsModuleNameBusy("tally")) return ERR;
  SetModuleAttribs(ctx, "tally", 1, API_VERSION);
  // Without this a replica never loads from the socket, whatever it is told.
  SetModuleOptions(ctx, HANDLES_IO_ERRORS);
  type = CreateDataType(ctx, "tally-num", ENCODING, &methods);
  if (!type) return ERR;
  if (CreateCommand(ctx, "tally.add", add, "write deny-oom fast", 1, 1, 1) != OK)
    return ERR;
  return CreateCommand(ctx, "tally.get", get, "readonly fast", 1, 1, 1);
}
