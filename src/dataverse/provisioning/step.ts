/**
 * One change that `setup` may make. A step can be looked at as often as one likes; it is made only when it is missing,
 * and what somebody made by hand is never altered: where that does not fit, it is `amiss` and said.
 */
import type { MarketingJobSettings, Settings } from '../../../config/settings.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { DataverseClient } from '../client.ts';

export type Look =
  | { readonly state: 'there' }
  | { readonly state: 'missing' }
  /** There, but not as it is needed; nothing is changed about it. */
  | { readonly state: 'amiss'; readonly message: string; readonly mend: string };

export interface Step {
  /** Stable, e.g. `column operation`. */
  readonly id: string;
  /** What will be done, as a command: "create the table …". */
  readonly change: string;
  /** Steps without which this one cannot be done. */
  readonly needs: readonly string[];
  /** Made under the solution, which has to be there first. */
  readonly inSolution: boolean;
  /** When one of these was missing, so is this one, whatever it looks like before they are made. */
  readonly follows?: readonly string[];
  look(signal: AbortSignal): Promise<Look>;
  make(signal: AbortSignal): Promise<void>;
}

export const there: Look = { state: 'there' };
export const missing: Look = { state: 'missing' };

export function amiss(message: string, mend: string): Look {
  return { state: 'amiss', message, mend };
}

/** What the steps work with. */
export interface Bench {
  readonly client: DataverseClient;
  readonly settings: ProvisioningSettings;
  /** LCID of the organization's base language. */
  readonly language: number;
  /** Unique names. */
  readonly solution: string;
  readonly publisher: string;
}

export type ProvisioningSettings = Pick<
  Settings,
  'dataverse' | 'tables' | 'targets' | 'marketingJobs' | 'server' | 'privacy' | 'suppression' | 'erasure' | 'notes'
>;

export function inSolution({ solution }: Bench): Readonly<Record<string, string>> {
  return { 'MSCRM.SolutionUniqueName': solution };
}

/** The Marketing Job table is asked for only where it is configured. */
export function jobsOf({ settings }: Bench): MarketingJobSettings {
  if (settings.marketingJobs) return settings.marketingJobs;
  throw new ConnectorError('config', 'MARKETING_JOBS_OFF', 'Marketing jobs are switched off in the configuration.');
}

/** New metadata is not seen everywhere at once: whoever asks comes back. */
export function notYet(what: string): ConnectorError {
  return new ConnectorError('retry', 'SETUP_NOT_YET', `Dataverse does not know ${what} yet.`);
}
