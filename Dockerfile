# Build:  docker build -t mixmatch .
# Run:    docker run -d --name mixmatch --read-only --tmpfs /tmp -p 5001:5001 \
#           -v /etc/mixmatch:/etc/mixmatch:ro -v mixmatch:/var/lib/mixmatch mixmatch
#
# docs/containers.md has users, ports, volumes and signals, and how to pin the base by its digest.

ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /opt/mixmatch
COPY package.json package-lock.json tsconfig.json build.ts ./
COPY src ./src
# Of better-sqlite3 only the binary for this platform is kept: its sources and those for others are 24 MB.
# No package needs its install script; without --ignore-scripts npm would compile better-sqlite3.
RUN npm ci --ignore-scripts --no-audit --no-fund \
  && npm run build \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src \
  && find node_modules/better-sqlite3/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.md' \) -delete \
  && find node_modules -type d -empty -delete \
  && find dist -name '*.map' -delete \
  && chmod 0755 dist/main.js

FROM ${BASE}
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Mixmatch" \
  org.opencontainers.image.description="The event-sourced federation proxy for OpenStack" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.base.name="${BASE}"
RUN groupadd --gid 42424 mixmatch \
  && useradd --uid 42424 --gid 42424 --no-create-home --home-dir /var/lib/mixmatch --shell /usr/sbin/nologin mixmatch \
  && install -d -o mixmatch -g mixmatch -m 0750 /var/lib/mixmatch \
  && install -d /etc/mixmatch \
  && ln -s /opt/mixmatch/dist/main.js /usr/local/bin/mixmatch
COPY --from=build /opt/mixmatch/package.json /opt/mixmatch/package.json
COPY --from=build /opt/mixmatch/node_modules /opt/mixmatch/node_modules
COPY --from=build /opt/mixmatch/dist /opt/mixmatch/dist
COPY LICENSE etc/mixmatch.conf.sample /usr/share/doc/mixmatch/
ENV NODE_ENV=production OS_DATABASE__CONNECTION=sqlite:////var/lib/mixmatch/events.db
USER 42424:42424
WORKDIR /var/lib/mixmatch
VOLUME ["/var/lib/mixmatch"]
EXPOSE 5001 9914
HEALTHCHECK --interval=10s --timeout=5s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:5001/healthcheck').then(answer => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["mixmatch"]
CMD ["serve"]
