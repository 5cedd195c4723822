# syntax=docker/dockerfile:1

# 1. Compile. Development packages stay behind in this stage.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The compiler itself comes as an optional package of the platform.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY config ./config
COPY jobs ./jobs
COPY src ./src
RUN rm -rf dist && node node_modules/typescript/bin/tsc -p tsconfig.build.json

# 2. What the worker needs at run time: no development packages, no embedded PostgreSQL.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

# 3. The worker.
FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
USER node
# The worker drains on SIGTERM: running batches finish, at most 30 s. Give it that long (docker stop --time 35).
STOPSIGNAL SIGTERM
EXPOSE 3000
# The port of `server.port`; set CONNECTOR_HEALTH_PORT where the configuration names another one.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.CONNECTOR_HEALTH_PORT ?? 3000}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Young objects in 24 MB instead of 48, and a heap that is swept at one and a half times what was in use instead of up to
# four times: with two batches of 2,000 rows that is a third to half of the memory, for a few more milliseconds a second.
ENTRYPOINT ["node", "--max-semi-space-size=8", "--heap-growing-percent=50", "dist/src/cli.js"]
CMD ["start", "--config", "/config/connector.yaml"]
