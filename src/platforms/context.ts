/** What an adapter is given besides its own settings. Holds no state and no secret. */
import type { Logger } from 'pino';
import type { TableMap, TableSettings } from '../../config/settings.ts';
import type { Pace } from '../http/pace.ts';
import type { Platform } from './platform.ts';

export interface PlatformContext {
  readonly identity: 'address' | 'record';
  /** The target's mapping, overrides merged in. */
  readonly tables: TableMap<TableSettings>;
  readonly pace: Pace;
  readonly logger: Logger;
  /** Milliseconds one HTTP call may take, body included. */
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  now(): number;
  /** A different text for every call. */
  nonce(): string;
  /** What `onBound` was told earlier: permission name → the platform's own number for it. */
  readonly permissionBits?: Readonly<Record<string, number>>;
  /** Told, and waited for, before a binding that is new is used. */
  onBound?(bits: Readonly<Record<string, number>>): void | Promise<void>;
}

/** A platform with open connections. */
export interface OpenPlatform extends Platform {
  /** Closes idle connections. */
  close(): void;
}
