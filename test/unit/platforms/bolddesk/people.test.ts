import { describe, expect, it } from '@jest/globals';
import {
  address,
  answers,
  byAddress,
  byId,
  contact,
  failureOf,
  missing,
  now,
  open,
  reads,
  refusal,
  searches,
  signal,
  table,
  watchCalls,
  writes,
} from './support.ts';

const noPermissions = { tables: { contact: { ...table, permissions: {} } } };

describe('find', () => {
  watchCalls();

  it('tells the contact by its own id first, then every other contact of the person', async () => {
    reads(5, contact(5, { emailId: 'former@person.example' }));
    reads(address, contact(6, { contactCustomFields: { cf_newsletter: false } }));
    searches({ Filter: address }, [contact(6)]);

    const found = await open().find({ ...byId, ...byAddress, contactKeys: byId.contactKeys }, signal);

    expect(found).toEqual({
      contactKey: 'bolddesk:5',
      otherKeys: ['bolddesk:6'],
      permissions: { cf_newsletter: true },
    });
  });

  it.each([
    [true, true],
    ['true', true],
    [false, false],
    [null, false],
    ['yes, please', false],
    [undefined, false],
  ])('reads %p in a checkbox as %p', async (value, expected) => {
    reads(5, contact(5, { contactCustomFields: { cf_newsletter: value } }));

    expect((await open().find(byId, signal))?.permissions).toEqual({ cf_newsletter: expected });
  });

  it('shows a deleted contact where it is still to be erased, and not where hiding was the erasure', async () => {
    for (const [eraseMode, expected] of [
      ['permanent', 'bolddesk:5'],
      ['blank', 'bolddesk:5'],
      ['soft', undefined],
    ] as const) {
      reads(5, contact(5, { isDeleted: true }));
      expect((await open({ eraseMode }).find(byId, signal))?.contactKey).toBe(expected);
    }
  });

  it('follows the pages of a search, and does not go on for ever', async () => {
    const others = Array.from({ length: 100 }, (_, index) => contact(index, { emailId: `x${index}@person.example` }));
    reads(address, undefined);
    searches({ Filter: address }, others, 1);
    searches({ Filter: address }, [contact(777)], 2);

    expect((await open().find(byAddress, signal))?.contactKey).toBe('bolddesk:777');

    reads(address, undefined);
    for (let page = 1; page <= 10; page += 1) searches({ Filter: address }, others, page);
    expect(await failureOf(open().find(byAddress, signal))).toMatchObject({ code: 'BOLDDESK_SEARCH_TOO_WIDE' });
  });

  it('compares what it is given by address with what was meant', async () => {
    reads(address, contact(5, { emailId: 'somebody@else.example' }));
    searches({ Filter: address }, []);

    expect(await open().find(byAddress, signal)).toBeUndefined();
  });

  it.each([
    ['a framework’s 404', 404, { title: 'Not Found', status: 404 }, 'config BOLDDESK_WRONG_PATH'],
    ['a page with 404', 404, '<html>gone</html>', 'config BOLDDESK_WRONG_PATH'],
    ['a 410', 410, refusal('NotFound'), 'config BOLDDESK_WRONG_PATH'],
    ['a 405', 405, refusal('MethodNotAllowed'), 'config BOLDDESK_WRONG_PATH'],
    ['a 401', 401, refusal('Unauthorized'), 'config BOLDDESK_NOT_AUTHORIZED'],
    ['a 403', 403, refusal('AccessDenied'), 'config BOLDDESK_FORBIDDEN'],
    ['access denied in a 400', 400, refusal('AccessDenied'), 'config BOLDDESK_FORBIDDEN'],
    ['a plan that is full', 400, refusal('QuotaExceedsLimit'), 'config BOLDDESK_QUOTA'],
    ['a refusal that is not BoldDesk’s', 400, '<html>blocked</html>', 'retry HTTP_400'],
    ['a failure', 500, refusal('UnknownError'), 'retry HTTP_500'],
    ['another shape', 200, { contact: {} }, 'retry BOLDDESK_UNEXPECTED_ANSWER'],
    ['a page with 200', 200, '<html>back soon</html>', 'retry HTTP_NOT_JSON'],
  ])('does not take %s for an absence', async (_what, status, reply, expected) => {
    answers('GET', '/contacts/5', status, reply);

    const failure = await failureOf(open().find(byId, signal));

    expect(`${failure.kind} ${failure.code}`).toBe(expected);
    expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toContain(address);
  });

  it.each([
    [{ 'x-rate-limit-reset': new Date(now + 12_000).toISOString() }, 12_000],
    [{ 'x-rate-limit-reset': new Date(now - 12_000).toISOString() }, 0],
    [{ 'x-rate-limit-reset': '2099-01-01T00:00:00Z' }, 3_600_000],
    [{ 'x-rate-limit-reset': '17' }, undefined],
    [{ 'retry-after': '3', 'x-rate-limit-reset': new Date(now + 12_000).toISOString() }, 3_000],
    [{}, undefined],
  ])('obeys a 429 with %j', async (headers, expected) => {
    const waits: number[] = [];
    const pace = { acquire: async () => undefined, throttled: async (ms: number) => void waits.push(ms) };
    answers('GET', '/contacts/5', 429, refusal('APICallQuotaExceeded', '', 429), undefined, headers);

    const failure = await failureOf(open({}, { pace }).find(byId, signal));

    expect(failure).toMatchObject({ kind: 'wait', code: 'BOLDDESK_THROTTLED', retryAfterMs: expected });
    expect(waits).toEqual([expected ?? 5_000]);
  });
});

describe('permissions', () => {
  watchCalls();

  it('are checkboxes, reset on every contact of the person that is not deleted', async () => {
    reads(5, contact(5));
    reads(address, contact(6));
    searches({ Filter: address }, [contact(7, { isDeleted: true })]);
    writes(5, { cf_newsletter: false });
    writes(6, { cf_newsletter: false }, 400, refusal('NoChangeFound'));

    const outcome = await open().resetPermissions({ ...byAddress, contactKeys: byId.contactKeys }, signal);

    expect(outcome).toEqual({ kind: 'done', status: 400, contactKey: 'bolddesk:6' });
  });

  it('are set to exactly the given bits', async () => {
    reads(5, contact(5));
    writes(5, { cf_newsletter: true });

    expect((await open().setPermissions(byId, { cf_newsletter: true }, signal)).kind).toBe('done');
  });

  it('of somebody who is not there, or is deleted, are absent', async () => {
    reads(5, undefined);
    expect((await open().resetPermissions(byId, signal)).kind).toBe('absent');
    reads(5, contact(5, { isDeleted: true }));
    expect((await open().resetPermissions(byId, signal)).kind).toBe('absent');
    reads(5, contact(5));
    writes(5, { cf_newsletter: false }, 404, missing);
    expect((await open().resetPermissions(byId, signal)).kind).toBe('absent');
  });

  it('are unsupported where none is mapped, and nothing is sent', async () => {
    const adapter = open({}, noPermissions);

    for (const outcome of [
      await adapter.resetPermissions(byId, signal),
      await adapter.setPermissions(byId, {}, signal),
    ]) {
      expect(outcome).toMatchObject({ kind: 'unsupported', detail: expect.stringContaining('custom field') });
    }
    expect(adapter.capabilities).toMatchObject({ permissionReset: 'unsupported', pauseReversible: false });
    expect(adapter.capabilities.sideEffects.join(' ')).toContain('Permissions cannot be reset');
    expect(open().capabilities).toMatchObject({ permissionReset: 'field', pauseReversible: true });
  });

  it('are not confirmed by an answer without a message', async () => {
    reads(5, contact(5));
    writes(5, { cf_newsletter: false }, 200, {});

    expect(await failureOf(open().resetPermissions(byId, signal))).toMatchObject({
      code: 'BOLDDESK_UNEXPECTED_ANSWER',
    });
  });
});
