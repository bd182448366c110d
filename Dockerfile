# syntax=docker/dockerfile:1
# Latchkey as an image: the program, its assets and its configuration, run by an unprivileged user. Only SQLite writes,
# and only to /data, so the root file system may be read-only.
#
# Build with: docker build -t latchkey . (Podman: --format docker, or the image has no health check). What was tested:
# docs/operations.md.

FROM rust:1.99-slim-trixie AS build
# What the build needs besides rustup (docs/guides/getting-started.md): a C compiler, Node with npm, and Perl for one
# build tool.
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential nodejs npm perl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# A separate layer for the build tools, which source changes don't invalidate.
COPY rust-toolchain.toml Cargo.lock ./
COPY scripts ./scripts
RUN scripts/setup build
COPY . .
RUN scripts/build

FROM debian:trixie-slim
RUN useradd --no-create-home --uid 10001 latchkey \
    && install -d -o latchkey -g latchkey -m 0700 /data
WORKDIR /srv/latchkey
# The program looks for hash.txt beside itself.
COPY --from=build /build/target/release/latchkey /build/target/release/hash.txt /build/Leptos.toml ./
COPY --from=build /build/target/site ./site
ENV LEPTOS_ENV=PROD \
    LEPTOS_SITE_ADDR=0.0.0.0:3000 \
    LEPTOS_SITE_ROOT=site \
    DATABASE_URL=sqlite:/data/latchkey.db
USER 10001:10001
VOLUME /data
EXPOSE 3000
# Liveness, not readiness: a lost database is no reason to restart the nodes. The shell itself sends the request.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/3000 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["/srv/latchkey/latchkey"]
CMD ["serve"]
