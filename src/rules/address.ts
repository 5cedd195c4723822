/**
 * What an address is worth, and which spellings are one address. Guarantees: the same text always gets the same
 * answer; canonically equivalent spellings (composed or decomposed letters) are judged alike; `normaliseAddress` is
 * idempotent and never throws. Does not promise that a mail server would accept an address: in doubt it is `valid`,
 * because a malformed address anonymizes a person, while one that only the platform refuses is parked.
 */
import type { Facts } from './facts.ts';

/** Characters, after trimming. The longest path SMTP can carry, less its angle brackets. */
const maximumLength = 254;
const blank = /\s/u;
/**
 * Letters, digits and dots, in every script: marks and joiners are parts of letters in many of them, the ideographic
 * and wide dots are dots to IDNA, and hyphens are in real domains.
 */
const domainPattern = /^[\p{L}\p{M}\p{N}\p{Join_Control}.\u3002\uff0e\uff61-]+$/u;
const letterOrDigit = /[\p{L}\p{N}]/u;
const ascii = /^[\x20-\x7e]*$/;

/**
 * Judges an address column as the `no-email` rule needs it. Blanks around the address do not count: people paste them
 * into a CRM all the time, and they are trimmed before anything is sent.
 */
export function judgeAddress(text: string | null): Facts['address'] {
  const address = (text ?? '').trim().normalize('NFC');
  if (address === '') return 'empty';
  if (isTooLong(address) || blank.test(address)) return 'malformed';
  const [local, domain, ...more] = address.split('@');
  if (!local || domain === undefined || more.length > 0) return 'malformed';
  return isDomain(domain) ? 'valid' : 'malformed';
}

/**
 * One spelling for one address: trimmed, NFC, lower case, the domain in its ASCII form. A domain that has no ASCII form
 * keeps its own letters. Text without an `@` is only trimmed, composed and lowered.
 */
export function normaliseAddress(text: string): string {
  // Composed again after lowering: some capitals fall apart into a letter and a mark.
  const address = text.trim().normalize('NFC').toLowerCase().normalize('NFC');
  const at = address.lastIndexOf('@');
  if (at < 0) return address;
  return `${address.slice(0, at)}@${asciiDomain(address.slice(at + 1))}`;
}

function isTooLong(address: string): boolean {
  // Never more characters than UTF-16 units, which are known without looking.
  return address.length > maximumLength && [...address].length > maximumLength;
}

function isDomain(domain: string): boolean {
  return domainPattern.test(domain) && letterOrDigit.test(domain);
}

function asciiDomain(domain: string): string {
  // Anything but a domain (a port, a slash) would be cut off by the URL parser, and two addresses would become one.
  if (ascii.test(domain) || !isDomain(domain)) return domain;
  // With a name as the last label the parser cannot take wide digits for an IPv4 address and rewrite them.
  const suffix = '.example';
  const url = URL.parse(`http://${domain}${suffix}`);
  return url ? url.hostname.slice(0, -suffix.length) : domain;
}
