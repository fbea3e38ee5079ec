# The same image that `make images` makes without Docker: two static binaries and nothing else.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY internal internal
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/ ./cmd/webhook ./cmd/bootstrap

FROM scratch
COPY --from=build /out/webhook /out/bootstrap /
USER 65532:65532
ENTRYPOINT ["/webhook"]
