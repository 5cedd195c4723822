/**
 * The small schemas that the sections, and the platforms' own settings, are made of. Each carries its `description`
 * (what the key means) and, where the type alone does not say it, `expected` (how to mend a mistake). A refinement
 * says what is wrong through `params.wrong`: never through a text that could quote the value.
 */
import { z } from 'zod';
import { Personal } from './words.ts';

const loopbackNames = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** True for a host that only this machine can reach. */
export function isLoopbackHost(host: string): boolean {
  return loopbackNames.test(host);
}

/** True for a plain `http:` address of another machine, which would carry secrets and people in the clear. */
export function isPlainRemoteUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' && !isLoopbackHost(url.hostname);
}

export interface UrlOptions {
  readonly description: string;
  readonly expected: string;
  /** `none`: an origin only. `required`: something must follow the host. */
  readonly path?: 'none' | 'required' | 'any';
}

/** An https address (http only for loopback) without credentials, query or fragment; trailing slashes are removed. */
export function serviceUrl(options: UrlOptions) {
  return z
    .string()
    .check((context) => {
      const wrong = urlFault(context.value, options.path ?? 'any');
      if (wrong) context.issues.push({ code: 'custom', input: context.value, params: { wrong } });
    })
    .transform((text) => {
      const url = new URL(text);
      return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
    })
    .meta({ description: options.description, expected: options.expected });
}

function urlFault(text: string, path: 'none' | 'required' | 'any'): string | undefined {
  if (!URL.canParse(text)) return 'is not an address';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'is not an https address';
  if (isPlainRemoteUrl(text)) return 'is plain http to another machine';
  if (url.username !== '' || url.password !== '') return 'holds credentials';
  if (url.search !== '' || url.hash !== '') return 'has a query or a fragment';
  if (path === 'none' && url.pathname !== '/') return 'has a path';
  if (path === 'required' && url.pathname === '/') return 'has no path';
  return undefined;
}

export interface SecretOptions {
  readonly description: string;
  /** Least length in bytes of UTF-8; 1 by default. */
  readonly minBytes?: number;
  readonly expected?: string;
}

/** A secret: comes out wrapped, so that it prints as a mask. */
export function secretText(options: SecretOptions) {
  const least = options.minBytes ?? 1;
  return z
    .string()
    .refine((text) => Buffer.byteLength(text) >= least, {
      params: { wrong: least === 1 ? 'is empty' : `is shorter than ${least} bytes` },
    })
    .transform((text) => new Personal(text))
    .meta({
      description: options.description,
      expected:
        options.expected ??
        (least === 1
          ? `a secret, best as \${NAME} or \${file:PATH}`
          : `a secret of at least ${least} bytes, best as \${NAME} or \${file:PATH}`),
      secret: true,
    });
}

/** The logical name of a Dataverse table or column. */
export function logicalName(description: string) {
  return z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,127}$/)
    .meta({ description, expected: 'a logical name: lower case letters, digits and underscores' });
}

/** Seconds, fractions allowed. */
export function seconds(description: string, limits: { min: number; max: number }) {
  return z.number().min(limits.min).max(limits.max).meta({ description });
}

/** A whole number within bounds, both included. */
export function wholeNumber(description: string, least: number, most: number) {
  return z.int().min(least).max(most).meta({ description });
}

/** A name that is shown as it is: not empty, without line breaks. */
export function shortText(description: string, expected: string) {
  return z
    .string()
    .regex(/^[^\r\n\t]{1,200}$/)
    .meta({ description, expected });
}
