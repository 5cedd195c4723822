/**
 * Keeps what a simulator was asked and what it answered, for a judge: give `observe` to the simulator. Sees the
 * service's own answers, not the faults injected after them. Keeps bodies, so it belongs in tests only.
 */
import type { SimRequest, SimResponse } from '../../fixtures/simulators/kit.ts';
import type { Exchange, Judge } from './swagger-1.2.ts';

export interface Recorder {
  observe(request: SimRequest, response: SimResponse): void;
  readonly exchanges: readonly Exchange[];
  /** Everything the judge objects to, each problem once. */
  problems(judge: Judge): string[];
  /** Names of the described operations that were called. */
  operations(judge: Judge): string[];
  clear(): void;
}

/** @param basePath what stands before the described paths, e.g. `/integrationservice` */
export function createRecorder(basePath: string): Recorder {
  const exchanges: Exchange[] = [];
  return {
    exchanges,
    observe(request, response) {
      const { body, headers = {} } = response;
      const isObject = typeof body === 'object';
      exchanges.push({
        method: request.method,
        target: targetOf(request, basePath),
        requestType: request.headers['content-type'],
        accept: request.headers.accept,
        requestBody: request.body,
        status: response.status,
        answerType: headers['content-type'] ?? (isObject ? 'application/json' : undefined),
        answerBody: isObject ? JSON.stringify(body) : (body ?? ''),
      });
    },
    problems: (judge) => [...new Set(exchanges.flatMap((exchange) => judge.problems(exchange)))],
    operations: (judge) => [
      ...new Set(exchanges.map((exchange) => judge.operationOf(exchange)).filter((name) => name !== undefined)),
    ],
    clear() {
      exchanges.length = 0;
    },
  };
}

/** A path outside the base path is kept whole, so that no judge takes it for a described one. */
function targetOf(request: SimRequest, basePath: string): string {
  const whole = `${request.path}${request.url.search}`;
  return whole.startsWith(`${basePath}/`) ? whole.slice(basePath.length) : `outside ${basePath}: ${whole}`;
}
