import { describe, expect, it } from '@jest/globals';
import { mailjetError } from '../../../../src/platforms/mailjet/errors.ts';
import { address, refusal } from './support.ts';

function errorOf(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return mailjetError({ status, headers, text }, 'PUT /contact/{id}', 0);
}

describe('an answer of Mailjet', () => {
  it.each([
    [
      400,
      refusal(`MJ18 A Contact resource with value "${address}" for Email already exists.`),
      'park',
      'MAILJET_EXISTS',
    ],
    [400, refusal(`Internal error: Invalid email address "${address}"`), 'park', 'MAILJET_BAD_ADDRESS'],
    [400, refusal('[{ "a" : "CM09 "x" is not a valid datetime value for key a" }]'), 'park', 'MAILJET_BAD_VALUE'],
    [400, '[{ "a" : "CM09 "x" is not a valid datetime value for key a" }]', 'park', 'MAILJET_BAD_VALUE'],
    [400, refusal('Invalid key name: "a"'), 'retry', 'MAILJET_KEY_NAME'],
    [
      400,
      { ErrorMessage: { ContactsLists: [{ Error: 'listID missing or not valid' }] } },
      'config',
      'MAILJET_LIST_GONE',
    ],
    [400, refusal('MJ08 Property ContactsList is invalid'), 'park', 'MAILJET_REFUSED'],
    [400, '<html></html>', 'retry', 'HTTP_400'],
    [401, refusal('API key authentication failure', 401), 'config', 'MAILJET_NOT_AUTHORIZED'],
    [401, '', 'config', 'MAILJET_NOT_AUTHORIZED'],
    [401, refusal('Internal error: MJ19 Setting a value is not allowed', 401), 'config', 'MAILJET_NOT_ALLOWED'],
    [401, refusal('Operation not allowed', 401), 'config', 'MAILJET_NOT_ALLOWED'],
    [403, '', 'config', 'MAILJET_FORBIDDEN'],
    [404, refusal('Object not found', 404), 'gone', 'MAILJET_NOT_FOUND'],
    [404, refusal('Unknown resource', 404), 'config', 'MAILJET_WRONG_PATH'],
    [404, '<html>Object not found</html>', 'config', 'MAILJET_WRONG_PATH'],
    [405, '', 'config', 'MAILJET_WRONG_PATH'],
    [429, refusal('Too many', 429), 'wait', 'HTTP_429'],
    [500, refusal('Internal error', 500), 'retry', 'HTTP_500'],
  ])('%d %j is told as %s %s, and nothing of its text is kept', (status, body, kind, code) => {
    const error = errorOf(status, body);

    expect(error).toMatchObject({ kind, code, status });
    expect(JSON.stringify([error.message, error.cause, error.stack])).not.toContain(address);
  });

  it('keeps the id of the request', () => {
    expect(errorOf(400, refusal('x'), { 'x-mj-request-guid': 'guid-9' }).requestId).toBe('guid-9');
  });
});
