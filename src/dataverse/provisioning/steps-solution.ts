/**
 * Publisher and solution: under which name what `setup` makes can be found, moved to another environment and removed.
 * Guarantees that an existing one is used as it is, and refused where it does not fit.
 */
import { optionPrefix, prefixOf, stableId } from './names.ts';
import { readRows } from './reads.ts';
import { amiss, type Bench, type Look, missing, type Step, there } from './step.ts';

/** Used where no table tells. */
const usualPrefix = 'mkt';
const usualOptionPrefix = 14_000;

/** Both are needed only when something under the solution is missing. */
export function solutionSteps(bench: Bench): Step[] {
  return [publisherStep(bench), solutionStep(bench)];
}

function wantedPrefix({ settings }: Bench): string {
  return (settings.marketingJobs && prefixOf(settings.marketingJobs.table)) ?? usualPrefix;
}

function publisherStep(bench: Bench): Step {
  const { client, publisher, settings } = bench;
  const prefix = wantedPrefix(bench);
  const values = settings.marketingJobs ? optionPrefix(settings.marketingJobs) : undefined;
  return {
    id: 'publisher',
    change: `create the publisher ${publisher} with the prefix ${prefix}`,
    needs: [],
    inSolution: false,
    async look(signal) {
      const select = 'publisherid,uniquename,customizationprefix,customizationoptionvalueprefix';
      const [row] = await readRows(client, 'publishers', select, `uniquename eq '${publisher}'`, signal);
      if (row === undefined) return missing;
      return fits(row.customizationprefix, row.customizationoptionvalueprefix);
    },
    async make(signal) {
      const body = {
        publisherid: stableId('publisher', publisher),
        uniquename: publisher,
        friendlyname: 'Dynamics Email Connector',
        description: 'Publisher of the Marketing Job table.',
        customizationprefix: prefix,
        customizationoptionvalueprefix: values ?? usualOptionPrefix,
      };
      await client.send('POST', 'publishers', body, { template: 'POST /publishers', signal });
    },
  };

  function fits(actual: unknown, actualValues: unknown): Look {
    if (!settings.marketingJobs) return there;
    if (actual !== prefix) {
      return amiss(
        `The publisher ${publisher} has another prefix than the table ${settings.marketingJobs.table}.`,
        `Name another publisher with --publisher, or a table with its prefix under marketingJobs.`,
      );
    }
    if (values !== undefined && actualValues !== values) {
      return amiss(
        `The publisher ${publisher} numbers options from ${String(actualValues)}0000, marketingJobs.options has other values.`,
        'Set marketingJobs.options to values that begin with the prefix of the publisher, or name another publisher.',
      );
    }
    return there;
  }
}

function solutionStep({ client, solution, publisher }: Bench): Step {
  return {
    id: 'solution',
    change: `create the solution ${solution}`,
    needs: ['publisher'],
    inSolution: false,
    async look(signal) {
      const select = 'solutionid,uniquename,ismanaged,_publisherid_value';
      const [row] = await readRows(client, 'solutions', select, `uniquename eq '${solution}'`, signal);
      if (row === undefined) return missing;
      if (row.ismanaged === true) {
        return amiss(
          `The solution ${solution} is managed: nothing can be added to it.`,
          'Name another with --solution.',
        );
      }
      const [owner] = await readRows(client, 'publishers', 'publisherid', `uniquename eq '${publisher}'`, signal);
      if (owner !== undefined && owner.publisherid === row._publisherid_value) return there;
      return amiss(
        `The solution ${solution} belongs to another publisher than ${publisher}.`,
        'Name its publisher with --publisher, or another solution with --solution.',
      );
    },
    async make(signal) {
      const [owner] = await readRows(client, 'publishers', 'publisherid', `uniquename eq '${publisher}'`, signal);
      const body = {
        solutionid: stableId('solution', solution),
        uniquename: solution,
        friendlyname: 'Dynamics Email Connector',
        description: 'Where CRM users ask for an erasure and read its result.',
        version: '1.0.0.0',
        'publisherid@odata.bind': `publishers(${String(owner?.publisherid)})`,
      };
      await client.send('POST', 'solutions', body, { template: 'POST /solutions', signal });
    },
  };
}
