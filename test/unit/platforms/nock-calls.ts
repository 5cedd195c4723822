/** What the unit tests of every adapter share: nobody is called for real, and every announced call has to come. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import nock from 'nock';
import { parseRecordId, type RecordId } from '../../../config/words.ts';
import { ConnectorError } from '../../../src/http/errors.ts';

// Each test file has a nock of its own over the one real `http`, active from its import on: what is left active would
// answer the next file of the same process.
nock.restore();

/** Registers it for the calling describe block; `end` closes what its tests opened. */
export function watchEveryCall(end: () => void): void {
  beforeAll(() => nock.activate());
  afterAll(() => nock.restore());
  beforeEach(() => nock.disableNetConnect());
  afterEach(() => {
    end();
    const pending = nock.pendingMocks();
    nock.cleanAll();
    nock.enableNetConnect();
    expect(pending).toEqual([]);
  });
}

export async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectorError)) throw new Error('no ConnectorError was thrown', { cause: error });
  return error;
}

export function guid(digit: number): RecordId {
  return parseRecordId(`${String(digit).repeat(8)}-0000-4000-8000-000000000000`)!;
}
