/**
 * What `connector setup` makes in a Dataverse environment: the Marketing Job table with its form and views, change
 * tracking, the optional webhook. Guarantees: nothing is altered or removed that somebody else made; asked twice, the
 * second time there is nothing to do. Asks nobody and prints nothing.
 */
import type { Settings } from '../../../config/settings.ts';
import { ConnectorError } from '../../http/errors.ts';
import type { DataverseClient } from '../client.ts';
import { type ConnectionOptions, connectDataverse } from '../connection.ts';
import type { CrmFinding } from '../crm.ts';
import { configuredTables } from '../find-by-address.ts';
import { type ByHand, byHand } from './by-hand.ts';
import { checkRole } from './role.ts';
import { type RunOptions, runSteps, type StepResult } from './run.ts';
import type { Bench, ProvisioningSettings, Step } from './step.ts';
import { screenSteps } from './steps-screens.ts';
import { solutionSteps } from './steps-solution.ts';
import { tableSteps } from './steps-table.ts';
import { trackingStep } from './steps-tracking.ts';
import { webhookSteps } from './steps-webhook.ts';

export type { ByHand } from './by-hand.ts';
export type { StepResult, StepState } from './run.ts';
export type { Step } from './step.ts';

export interface ProvisioningOptions extends Omit<ConnectionOptions, 'settings'> {
  readonly settings: ProvisioningSettings & Pick<Settings, 'dataverse'>;
  /** Unique names; used as they are when they exist. */
  readonly solution: string;
  readonly publisher: string;
}

export interface Provisioning {
  /** Carries out what is missing and decided on. */
  run(options: RunOptions): Promise<StepResult[]>;
  /** The privileges of the connector's daily work. */
  role(signal: AbortSignal): Promise<CrmFinding[]>;
  readonly byHand: readonly ByHand[];
  close(): void;
}

/** Making a table takes Dataverse longer than reading a row. */
const leastTimeoutMs = 180_000;

export function createProvisioning(options: ProvisioningOptions): Provisioning {
  const { settings } = options;
  const timeoutMs = Math.max(leastTimeoutMs, settings.dataverse.callTimeoutSeconds * 1000);
  const { client, close } = connectDataverse({ timeoutMs, ...options });
  return { ...provisioningOver({ ...options, client }), close };
}

/** The same over a connection of somebody else. */
export function provisioningOver({
  client,
  settings,
  solution,
  publisher,
}: Pick<ProvisioningOptions, 'settings' | 'solution' | 'publisher'> & {
  readonly client: DataverseClient;
}): Omit<Provisioning, 'close'> {
  return {
    async run(run) {
      const { signal } = run;
      const language = await baseLanguage(client, signal);
      const bench: Bench = { client, settings, language, solution, publisher };
      const steps = stepsOf(bench);
      const needsSolution = await anyMissing(
        steps.filter((step) => step.inSolution),
        run,
      );
      return runSteps(needsSolution ? [...solutionSteps(bench), ...steps] : steps, run);
    },
    role: (signal) => checkRole(client, settings, signal),
    byHand: byHand(settings),
  };
}

function stepsOf(bench: Bench): Step[] {
  const { settings } = bench;
  return [
    ...(settings.marketingJobs ? [...tableSteps(bench), ...screenSteps(bench)] : []),
    ...configuredTables(settings).map((table) => trackingStep(bench, table)),
    ...(settings.server.webhook ? webhookSteps(bench, settings.server.webhook) : []),
  ];
}

/** Publisher and solution are of no use where everything is there. */
async function anyMissing(steps: readonly Step[], run: RunOptions): Promise<boolean> {
  const looks = await runSteps(steps, {
    ...run,
    listOnly: true,
    decide: async () => 'stop',
    ended: () => undefined,
  });
  return looks.some(({ state }) => state === 'declined');
}

/** Wire: organization, languagecode: the LCID of the base language. */
async function baseLanguage(client: DataverseClient, signal: AbortSignal): Promise<number> {
  const path = 'organizations?$select=languagecode';
  const [row] = await client.getAll(path, { template: 'GET /organizations', signal });
  if (typeof row?.languagecode === 'number') return row.languagecode;
  throw new ConnectorError(
    'config',
    'SETUP_LANGUAGE',
    "The base language of the organization cannot be read; grant prvReadOrganization to the application user's role.",
  );
}
