/**
 * Judges HTTP exchanges by a Swagger 1.2 description. Written from the format's specification; knows no vendor.
 * Guarantees: closed-world: a path, parameter, property or status that is not described is a problem. Looks at path,
 * method, query, body, media types, status and answer. Does not judge authentication (oauth_ parameters are passed
 * over) and, like the format, not what the keys of a `Map` may hold.
 */
import { type Model, modelProblems, type TypeUse, valueProblems } from './swagger-models.ts';

export interface Exchange {
  readonly method: string;
  /** Path and query below the description's base path, e.g. `/contact/search?pageSize=1`. */
  readonly target: string;
  readonly requestType: string | undefined;
  readonly accept: string | undefined;
  readonly requestBody: string;
  readonly status: number;
  readonly answerType: string | undefined;
  readonly answerBody: string;
}

/** A status that the description lacks and another source documents. */
export interface DocumentedException {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly source: string;
}

interface Parameter extends TypeUse {
  readonly name: string;
  readonly required: boolean;
  readonly paramType: 'path' | 'query' | 'body' | 'header' | 'form';
}

interface Operation extends TypeUse {
  readonly method: string;
  readonly produces?: readonly string[];
  readonly consumes?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly responseMessages?: readonly { readonly code: number; readonly responseModel?: string }[];
}

interface Resource {
  readonly swaggerVersion: string;
  readonly apis: readonly { readonly path: string; readonly operations: readonly Operation[] }[];
  readonly models?: Readonly<Record<string, Model>>;
}

interface Described {
  readonly path: string;
  readonly pattern: RegExp;
  readonly operation: Operation;
  readonly models: Readonly<Record<string, Model>>;
}

export interface Judge {
  /** What is wrong with the exchange, each as a sentence; empty when it is valid. */
  problems(exchange: Exchange): string[];
  /** `GET /contact/{externalId}` of the operation that describes it, undefined for none. */
  operationOf(exchange: Exchange): string | undefined;
  readonly operations: readonly string[];
}

/** @param description one resource, or a list of them, as the vendor publishes it */
export function createJudge(description: unknown, exceptions: readonly DocumentedException[] = []): Judge {
  const resources = (Array.isArray(description) ? description : [description]) as Resource[];
  const described = resources.flatMap(operationsOf);

  function find(exchange: Exchange): Described | undefined {
    const path = exchange.target.split('?', 1)[0] ?? '';
    const candidates = described.filter((entry) => entry.pattern.test(path));
    const literal = candidates.filter((entry) => entry.path === path);
    return (literal.length > 0 ? literal : candidates).find((entry) => entry.operation.method === exchange.method);
  }

  return {
    operations: described.map(nameOf),
    operationOf(exchange) {
      const found = find(exchange);
      return found && nameOf(found);
    },
    problems(exchange) {
      const found = find(exchange);
      if (!found) return [`request: ${exchange.method} ${template(exchange.target)} is not described`];
      return [
        ...requestProblems(found, exchange).map((problem) => `${nameOf(found)} request: ${problem}`),
        ...answerProblems(found, exchange, exceptions).map((problem) => `${nameOf(found)} answer: ${problem}`),
      ];
    },
  };
}

function operationsOf(resource: Resource): Described[] {
  if (resource.swaggerVersion !== '1.2') throw new Error('not a Swagger 1.2 description');
  return resource.apis.flatMap((api) =>
    api.operations.map((operation) => ({
      path: api.path,
      pattern: new RegExp(`^${api.path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`),
      operation,
      models: resource.models ?? {},
    })),
  );
}

function nameOf(described: Described): string {
  return `${described.operation.method} ${described.path}`;
}

/** A path without what may be an id. */
function template(target: string): string {
  return (target.split('?', 1)[0] ?? '').replace(/[0-9a-f-]{16,}|[^/]*%[^/]*/gi, '{id}');
}

function requestProblems({ operation, models }: Described, exchange: Exchange): string[] {
  const problems: string[] = [];
  const parameters = operation.parameters ?? [];
  const unsupported = parameters.find(({ paramType }) => paramType === 'form' || paramType === 'header');
  if (unsupported) throw new Error(`parameters of type ${unsupported.paramType} are not judged`);

  const query = new URLSearchParams(exchange.target.split('?')[1] ?? '');
  const queryParameters = parameters.filter(({ paramType }) => paramType === 'query');
  for (const name of new Set(query.keys())) {
    if (name.startsWith('oauth_')) continue;
    if (!queryParameters.some((parameter) => parameter.name === name)) problems.push(`unknown parameter ${name}`);
    else if (query.getAll(name).length > 1) problems.push(`parameter ${name} more than once`);
  }
  for (const parameter of queryParameters) {
    const value = query.get(parameter.name);
    if (value !== null) problems.push(...parameterProblems(parameter, value));
    else if (parameter.required) problems.push(`parameter ${parameter.name} is missing`);
  }

  const body = parameters.find(({ paramType }) => paramType === 'body');
  if (!body) {
    if (exchange.requestBody !== '') problems.push('a body where none is described');
  } else if (exchange.requestBody === '') {
    if (body.required) problems.push('the body is missing');
  } else {
    if (!offers(operation.consumes, exchange.requestType)) problems.push(`media type ${exchange.requestType}`);
    problems.push(...jsonProblems(exchange.requestBody, (value) => valueProblems(body, value, models, 'body')));
  }
  if (exchange.accept !== undefined && !accepts(exchange.accept, operation.produces)) {
    problems.push(`accepts only ${exchange.accept}`);
  }
  return problems;
}

function answerProblems(
  { operation, path, models }: Described,
  exchange: Exchange,
  exceptions: readonly DocumentedException[],
): string[] {
  const { status } = exchange;
  const messages = operation.responseMessages ?? [];
  const message = messages.find(({ code }) => code === status);
  const excepted = exceptions.some(
    (entry) => entry.method === operation.method && entry.path === path && entry.status === status,
  );
  if (excepted) return [];
  const describedSuccess = messages.some(({ code }) => code >= 200 && code < 300);
  const success = message ? status >= 200 && status < 300 : !describedSuccess && status === 200;
  if (!message && !success) return [`status ${status} is not described`];
  if (success) {
    if (operation.type === 'void') return exchange.answerBody === '' ? [] : ['a body where none is described'];
    return bodyProblems(operation, exchange, (value) => valueProblems(operation, value, models, 'answer'));
  }
  const model = message?.responseModel;
  return model ? bodyProblems(operation, exchange, (value) => modelProblems(model, value, models, 'answer')) : [];
}

function bodyProblems(operation: Operation, exchange: Exchange, judge: (value: unknown) => string[]): string[] {
  if (!offers(operation.produces, exchange.answerType)) return [`media type ${exchange.answerType}`];
  return jsonProblems(exchange.answerBody, judge);
}

function jsonProblems(text: string, judge: (value: unknown) => string[]): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return ['the body is not JSON'];
  }
  return judge(value);
}

function offers(described: readonly string[] | undefined, type: string | undefined): boolean {
  const plain = type?.split(';', 1)[0]?.trim().toLowerCase();
  return plain !== undefined && (described ?? ['application/json']).includes(plain);
}

function accepts(header: string, produces: readonly string[] | undefined): boolean {
  const wanted = header.split(',').map((part) => part.split(';', 1)[0]?.trim());
  return wanted.some((type) => type === '*/*' || (produces ?? ['application/json']).includes(type ?? ''));
}

function parameterProblems(parameter: Parameter, text: string): string[] {
  const { name, type } = parameter;
  if (type === 'integer') return /^-?\d{1,10}$/.test(text) ? [] : [`parameter ${name} is no integer`];
  if (type === 'boolean') return text === 'true' || text === 'false' ? [] : [`parameter ${name} is no boolean`];
  // Vendors name their own date parameters; the format leaves their text open, so ISO 8601 is asked for.
  if (/date/i.test(type ?? '')) {
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?$/.test(text) ? [] : [`parameter ${name} is no ISO date`];
  }
  if (type === 'string') return [];
  throw new Error(`parameters of type ${type} are not judged`);
}
