import { describe, expect, test } from '@jest/globals';
import { errorFromAnswer, requestIdOfAnswer } from '../../../src/dataverse/answer-errors.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

function errorOf(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return errorFromAnswer({ status, headers, text }, 'GET /things', now);
}

describe('the code decides before the status', () => {
  test.each([
    [400, '0x80044352', 'gone', 'DELTA_EXPIRED'],
    [410, '0x80044352', 'gone', 'DELTA_EXPIRED'],
    [429, '0x80072321', 'wait', 'DATAVERSE_THROTTLED'],
    [429, '0x80072322', 'wait', 'DATAVERSE_THROTTLED'],
    [429, '0x80072326', 'wait', 'DATAVERSE_THROTTLED'],
    [503, '0x80072326', 'wait', 'DATAVERSE_THROTTLED'],
    [400, '0x80071151', 'wait', 'DATAVERSE_CUSTOMIZING'],
    [429, '0x80071151', 'wait', 'DATAVERSE_CUSTOMIZING'],
    [400, '0x80040216', 'retry', 'DATAVERSE_UNEXPECTED'],
    [404, '0x80040217', 'gone', 'ROW_DOES_NOT_EXIST'],
    [403, '0x80040220', 'config', 'DATAVERSE_PRIVILEGE_MISSING'],
    [403, '0x80048306', 'config', 'DATAVERSE_ACCESS_DENIED'],
    [403, '0x80072560', 'config', 'DATAVERSE_USER_MISSING'],
    [403, '0x8004F507', 'config', 'DATAVERSE_COLUMN_SECURED'],
    [400, '0x80060888', 'config', 'DATAVERSE_BAD_QUERY'],
    [404, '0x80060888', 'config', 'DATAVERSE_BAD_QUERY'],
    [404, '0x8006088a', 'config', 'DATAVERSE_BAD_QUERY'],
    [412, '0x80060882', 'retry', 'ROW_CHANGED'],
    [400, '0x80040265', 'park', 'DATAVERSE_PLUGIN_REFUSED'],
    [400, '0x80044331', 'park', 'DATAVERSE_VALUE_REFUSED'],
  ])('%d %s is %s %s', (status, code, kind, ours) => {
    expect(errorOf(status, { error: { code, message: 'm' } })).toMatchObject({ kind, code: ours, status });
  });
});

describe('the status decides where there is no code', () => {
  test.each([
    [429, 'wait', 'DATAVERSE_THROTTLED'],
    [412, 'retry', 'ROW_CHANGED'],
    [401, 'config', 'DATAVERSE_UNAUTHORIZED'],
    [403, 'config', 'DATAVERSE_FORBIDDEN'],
    [404, 'config', 'DATAVERSE_PATH_UNKNOWN'],
    [400, 'config', 'DATAVERSE_REFUSED'],
    [408, 'retry', 'DATAVERSE_UNAVAILABLE'],
    [500, 'retry', 'DATAVERSE_UNAVAILABLE'],
    [503, 'retry', 'DATAVERSE_UNAVAILABLE'],
  ])('%d is %s %s', (status, kind, code) => {
    expect(errorOf(status, { error: { code: '', message: 'Does Not Exist' } })).toMatchObject({ kind, code });
  });

  test.each([400, 404, 502])('a page of a gateway with %d goes away by itself', (status) => {
    expect(errorOf(status, '<html>')).toMatchObject({ kind: 'retry', code: 'DATAVERSE_UNAVAILABLE' });
  });
});

test('the older shape carries the code as a signed number', () => {
  expect(errorOf(404, { Message: 'm', ErrorCode: -2_147_220_969 }).code).toBe('ROW_DOES_NOT_EXIST');
  expect(errorOf(404, { Message: 'm', ErrorCode: '-2147220969' }).code).toBe('ROW_DOES_NOT_EXIST');
});

test('Retry-After is kept for a wait, and for nothing else', () => {
  expect(errorOf(429, '', { 'retry-after': '12' }).retryAfterMs).toBe(12_000);
  expect(errorOf(503, '', { 'retry-after': '12' }).retryAfterMs).toBeUndefined();
});

describe('of the vendor text only names of metadata are kept', () => {
  test.each([
    ["Could not find a property named 'new_vip' on type 'Microsoft.Dynamics.CRM.contact'.", 'the column new_vip'],
    ["Resource not found for the segment 'contactz'.", 'the path contactz'],
    ['Principal user (Id=1) is missing prvReadContact privilege on OTC=2', 'the privilege prvReadContact'],
  ])('%s', (message, name) => {
    expect(errorOf(400, { error: { code: '0x80060888', message } }).message).toContain(name);
  });

  test('an address in their place is not', () => {
    const message = "Could not find a property named 'jan@person.example' on type 'x'.";

    expect(errorOf(400, { error: { code: '0x80060888', message } }).message).not.toContain('jan');
  });
});

test('a request id that could be anything is not kept', () => {
  expect(requestIdOfAnswer({ req_id: 'jan@person.example' })).toBeUndefined();
  expect(requestIdOfAnswer({ 'x-ms-service-request-id': 'a-1', req_id: 'b-2' })).toBe('a-1');
});
