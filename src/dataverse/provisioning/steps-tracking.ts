/**
 * Change tracking of the tables that are synchronised. Guarantees: the whole definition is read and written back with
 * one property changed, since a PUT replaces it (wire: create-update-entity-definitions); "on" means published.
 * Dataverse cannot switch it off again.
 */
import type { TableName } from '../../../config/words.ts';
import { publish } from './publish.ts';
import { readTable, readTracking } from './reads.ts';
import { amiss, type Bench, missing, type Step, there } from './step.ts';

export function trackingStep({ client }: Bench, table: TableName): Step {
  return {
    id: `change tracking ${table}`,
    change: `turn on change tracking of ${table}, for good`,
    needs: [],
    inSolution: false,
    async look(signal) {
      const found = await readTable(client, table, signal);
      if (found === undefined) {
        const mend = `Take ${table} out of tables, or install the app that brings it (leads come with Dynamics 365 Sales).`;
        return amiss(`This environment has no table ${table}.`, mend);
      }
      if (await readTracking(client, table, signal)) return there;
      if (found.canTrackChanges) return missing;
      return amiss(`Change tracking of ${table} cannot be turned on.`, `Take ${table} out of tables.`);
    },
    async make(signal) {
      const path = `EntityDefinitions(LogicalName='${table}')`;
      const template = `GET /EntityDefinitions(${table})`;
      const { '@odata.context': _context, ...whole } = await client.get(path, { template, strong: true, signal });
      const body = {
        ...whole,
        '@odata.type': 'Microsoft.Dynamics.CRM.EntityMetadata',
        ChangeTrackingEnabled: true,
        HasChanged: true,
      };
      await client.send('PUT', `EntityDefinitions(MetadataId=${String(whole.MetadataId)})`, body, {
        template: `PUT /EntityDefinitions(${table})`,
        headers: { 'MSCRM.MergeLabels': 'true' },
        signal,
      });
      await publish(client, table, signal);
    },
  };
}
