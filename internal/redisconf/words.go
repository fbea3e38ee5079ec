// SPDX-License-Identifier: Apache-2.0

package redisconf

import (
	"strconv"
	"strings"
)

// escapes are what a backslash in double quotes stands for; before any other character it stands for that character.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'a': '\a'}

// confWords are the words of a line of a configuration file, as Redis splits it: at any space, with quotes of two kinds. The first is
// in lower case, as Redis compares it. A comment has none, and neither has a line whose quotes do not fit: Redis does not start from it.
func confWords(line string) []string {
	line = strings.Trim(line, " \t\r\n")
	if strings.HasPrefix(line, "#") {
		return nil
	}
	var words []string
	for rest := line; rest != ""; {
		word, after, ok := confWord(rest)
		if !ok {
			return nil
		}
		words, rest = append(words, word), strings.TrimLeft(after, confSpace)
	}
	if len(words) > 0 {
		words[0] = strings.ToLower(words[0])
	}
	return words
}

const confSpace = " \t\n\v\f\r"

// confWord is the first word of a text, and what is after it. Quotes may begin inside a word, and end it.
func confWord(text string) (word, after string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.IndexByte(confSpace, c) >= 0:
			return b.String(), text[i:], true
		case c == '"' || c == '\'':
			n, ok := quoted(&b, text[i:])
			i += n
			if !ok || i < len(text) && strings.IndexByte(confSpace, text[i]) < 0 {
				return "", "", false
			}
			return b.String(), text[i:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", true
}

// quoted writes what stands in the quotes that a text begins with, and returns how long they are; false where they do not end.
func quoted(b *strings.Builder, text string) (length int, ok bool) {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case c == quote:
			return i + 1, true
		case c != '\\' || i+1 == len(text) || quote == '\'' && text[i+1] != '\'':
			b.WriteByte(c)
			continue
		}
		i++
		if n, err := strconv.ParseUint(text[min(i+1, len(text)):min(i+3, len(text))], 16, 8); text[i] == 'x' && i+2 < len(text) && err == nil && quote == '"' {
			b.WriteByte(byte(n))
			i += 2
			continue
		}
		if short, ok := escapes[text[i]]; ok && quote == '"' {
			b.WriteByte(short)
			continue
		}
		b.WriteByte(text[i])
	}
	return 0, false
}

// ConfUser is the name of the user that a line of a configuration file declares; empty where it declares none.
func ConfUser(line string) string {
	words := confWords(line)
	if len(words) < 2 || words[0] != "user" {
		return ""
	}
	return words[1]
}

// ConfInclude is the pattern of a line that includes other files; empty where it is none.
func ConfInclude(line string) string {
	words := confWords(line)
	if len(words) != 2 || words[0] != "include" {
		return ""
	}
	return words[1]
}
