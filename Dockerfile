# The gateway alone: a static binary, the certificates of public authorities, and a user without rights.
# Build with `docker build -t entwine .`, run with `docker compose up`.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/entwine . \
 && mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/entwine /entwine
# SQLite's file lives in /data unless DATABASE_URL says otherwise.
COPY --from=build --chown=65532:65532 --chmod=0750 /out/data /data
USER 65532:65532
WORKDIR /
# There is no /tmp either; SQLite spills large sorts.
ENV ENTWINE_ADDR=0.0.0.0:8080 TMPDIR=/data
EXPOSE 8080
VOLUME /data
# There is no shell or curl in here; the binary asks its own /livez.
HEALTHCHECK --interval=10s --timeout=2s --start-period=20s CMD ["/entwine", "health"]
ENTRYPOINT ["/entwine"]
CMD ["serve"]
