/**
 * The simulators of the chaos run as a process of their own: Entra ID, Dataverse and Spotler, and with `--targets 3` Keap
 * and BoldDesk too. Prints one line of JSON (`ChaosWorld`) when everything answers. Ends on SIGTERM, and when the driver
 * that started it is gone.
 */
import { parseArgs } from 'node:util';
import { startBoldDeskSimulator } from '../../fixtures/simulators/bolddesk/index.ts';
import { startKeapSimulator } from '../../fixtures/simulators/keap/index.ts';
import { startWorld, type WorldDescription } from '../../fixtures/simulators/world.ts';

interface OneKey {
  readonly url: string;
  readonly adminUrl: string;
  readonly baseUrl: string;
  readonly apiKey: string;
}

export interface ChaosWorld extends WorldDescription {
  /** Null with one target. */
  readonly keap: (OneKey & { readonly recordIdField: string }) | null;
  readonly bolddesk: OneKey | null;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { people: { type: 'string' }, seed: { type: 'string' }, targets: { type: 'string' } },
  });
  const world = await startWorld({ people: Number(values.people), seed: Number(values.seed) });
  const several = values.targets === '3';
  const keap = several ? await startKeapSimulator() : undefined;
  const bolddesk = several ? await startBoldDeskSimulator() : undefined;
  const described: ChaosWorld = {
    ...world.describe(),
    keap: keap
      ? {
          url: keap.url,
          adminUrl: keap.adminUrl,
          baseUrl: keap.baseUrl,
          apiKey: keap.apiKey(),
          recordIdField: keap.recordIdField,
        }
      : null,
    bolddesk: bolddesk
      ? { url: bolddesk.url, adminUrl: bolddesk.adminUrl, baseUrl: bolddesk.baseUrl, apiKey: bolddesk.apiKey() }
      : null,
  };
  const end = (): void => {
    void Promise.all([world.close(), keap?.close(), bolddesk?.close()]).then(() => process.exit(0));
  };
  process.once('SIGTERM', end).once('disconnect', end);
  process.stdout.write(`${JSON.stringify(described)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
});
