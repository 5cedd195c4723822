/**
 * How a check says what it found. Guarantees that every finding that is not ok has a mend. Holds no values of rows.
 */
import { mendOf } from '../errors/catalogue.ts';
import { type ConnectorError, isConnectorError } from '../http/errors.ts';
import type { CrmFinding } from './crm.ts';

export function fine(subject: string, message: string): CrmFinding {
  return { ok: true, subject, message, mend: '' };
}

export function wrong(subject: string, message: string, mend: string): CrmFinding {
  return { ok: false, subject, message, mend };
}

/** A failed question as a finding. Throws what is no ConnectorError, and what was given up from our side. */
export function failed(subject: string, error: unknown): CrmFinding {
  if (!isConnectorError(error) || error.code === 'HTTP_ABORTED') throw error;
  return wrong(subject, error.message, mendFor(error));
}

function mendFor({ code, kind }: ConnectorError): string {
  if (kind === 'wait') return 'Wait a little and check again; if it stays so, other programs use up the limit.';
  if (kind === 'retry' && !mendsThatPass.has(code))
    return 'Check the address, the network, the proxy (HTTPS_PROXY) and the service, then check again.';
  return mendOf(code) ?? 'Look the code up in docs/errors.md.';
}

/** Tried again by themselves elsewhere; here somebody waits, and knows better what to look at. */
const mendsThatPass: ReadonlySet<string> = new Set(['HTTP_CERTIFICATE', 'MANAGED_IDENTITY_UNREACHABLE']);
