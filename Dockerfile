# Build:  docker build -t mixmatch .
# Run:    docker run -d --name mixmatch --read-only --tmpfs /tmp -p 5001:5001 \
#           -v /etc/mixmatch/mixmatch.conf:/etc/mixmatch/mixmatch.conf:ro \
#           -v mixmatch:/var/lib/mixmatch mixmatch
#
# mixmatch.conf and the password files that it names must be readable for the user 42424. Mixmatch
# takes its signals itself: `docker stop` lets running requests finish (stop it with --time above
# graceful_timeout), and `docker kill --signal HUP` makes it read its configuration again.

FROM node:20-bookworm-slim AS build
# better-sqlite3 is compiled where no binary of it can be fetched.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/mixmatch
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY src ./src
# Of better-sqlite3 only what is loaded is kept: its sources and objects are ten times as large.
RUN npm ci --no-audit --no-fund \
  && npm prune --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src \
  && find node_modules/better-sqlite3/build -type f ! -name better_sqlite3.node -delete \
  && find node_modules -type d -empty -delete \
  && find dist -name '*.map' -delete \
  && chmod 0755 dist/main.js

FROM node:20-bookworm-slim
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
EXPOSE 5001
HEALTHCHECK --interval=10s --timeout=5s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:5001/healthcheck').then(answer => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["mixmatch"]
CMD ["serve"]
