/**
 * Whether two addresses are the same one: trimmed, NFC, lower case, the domain in its ASCII form. Platforms search
 * loosely, so what they find is compared with this before anything is done to it.
 */
import { domainToASCII } from 'node:url';

export function normaliseAddress(address: string): string {
  const text = address.trim().normalize('NFC').toLowerCase();
  const at = text.lastIndexOf('@');
  const domain = at < 0 ? '' : domainToASCII(text.slice(at + 1));
  return domain === '' ? text : `${text.slice(0, at)}@${domain}`;
}

export function sameAddress(left: string, right: string): boolean {
  return normaliseAddress(left) === normaliseAddress(right);
}
