/**
 * The one error class of the project. Guarantees: every failure that leaves a room says what kind it is (so the core
 * knows whether to retry, wait, park, pause or conclude that something is gone) and carries a stable code and our own
 * sentence. Never holds a vendor's text, an address or a secret: vendor messages may quote them.
 */

/**
 * retry  — 5xx, network, a cut body: try again later.
 * wait   — 429: not before `retryAfterMs`.
 * park   — this record's fault: keep it aside with its reason, go on with the others.
 * config — credentials, privileges or mapping: the target or table pauses and alarms.
 * gone   — the thing asked for does not exist.
 */
export type ErrorKind = 'retry' | 'wait' | 'park' | 'config' | 'gone';

export interface ConnectorErrorDetails {
  readonly cause?: unknown;
  /** Milliseconds to wait before another attempt. */
  readonly retryAfterMs?: number;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** The service's own id of the request. */
  readonly requestId?: string;
  /** A part of what was asked for took effect, or may have, before it failed. A refusal says otherwise: nothing did. */
  readonly mayHaveLanded?: boolean;
}

export class ConnectorError extends Error {
  readonly kind: ErrorKind;
  /** Stable, upper snake case; listed in docs/errors.md. */
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly mayHaveLanded: boolean;

  constructor(kind: ErrorKind, code: string, message: string, details: ConnectorErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ConnectorError';
    this.kind = kind;
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.status = details.status;
    this.requestId = details.requestId;
    this.mayHaveLanded = details.mayHaveLanded ?? false;
  }
}

/** The same failure, after a part of the work had landed. Anything but a ConnectorError is left as it is. */
export function afterLanding(error: unknown): unknown {
  if (!isConnectorError(error)) return error;
  const { kind, code, message, cause, retryAfterMs, status, requestId } = error;
  return new ConnectorError(kind, code, message, {
    cause,
    mayHaveLanded: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

export function isConnectorError(error: unknown): error is ConnectorError {
  return error instanceof ConnectorError;
}
