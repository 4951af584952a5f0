# One image a service, from one build: docker build --target <stage> .
# Tags are exact. Digests would be better still, and have to be looked up where the registry can be asked.
FROM node:24.21.0-bookworm-slim AS node
WORKDIR /app

FROM node AS build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM node AS modules
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

# What all services are: the files belong to root, and the process is nobody who could change them.
FROM node AS service
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
COPY package.json ./
COPY --from=modules /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY web ./web
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
# Ready, not only alive: others are started when this is healthy, and nothing is restarted when it is not.
HEALTHCHECK --interval=5s --timeout=5s --start-period=5m --retries=3 \
	CMD ["node", "--eval", "fetch('http://127.0.0.1:' + process.env.PORT + '/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

FROM service AS command-api
CMD ["node", "dist/command-api/main.js"]

FROM service AS query-api
CMD ["node", "dist/query-api/main.js"]

FROM service AS projector
CMD ["node", "dist/projector/main.js"]

FROM service AS ingest
CMD ["node", "dist/ingest/main.js"]

FROM caddy:2.10.2-alpine AS gateway
# It listens on unprivileged ports. A program that carries a capability does not start where all are dropped.
RUN setcap -r /usr/bin/caddy && chown -R 10001:10001 /data
COPY deploy/gateway /etc/caddy
ENV XDG_CONFIG_HOME=/tmp
USER 10001:10001
EXPOSE 8080 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=1m --retries=3 \
	CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8081/livez"]
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]

# Makes the installation's secrets and ends. Its group is let into what it makes, its user alone may change it.
FROM node AS secrets
# Debian keeps the newest build of a release only: a version named here would soon be gone.
# hadolint ignore=DL3008
RUN apt-get update && \
	apt-get install --yes --no-install-recommends openssl && \
	rm -rf /var/lib/apt/lists/* && \
	install --directory --owner=10002 --group=10002 --mode=0750 \
	/secrets/eventstoredb /secrets/mongodb /secrets/redis /secrets/tidemark
COPY --chmod=0555 deploy/secrets/make-secrets.sh /usr/local/bin/make-secrets
USER 10002:10002
CMD ["make-secrets", "/secrets"]

# All services in one process, on files in /data: docker run --volume tidemark:/data --publish 127.0.0.1:3000:3000 …
FROM service AS standalone
USER 0:0
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
USER 10001:10001
ENV DATA_DIR=/data
VOLUME /data
CMD ["node", "dist/standalone/main.js"]
