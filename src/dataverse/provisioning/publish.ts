/** Publishing the customizations of one table (wire: action PublishXml). What else is unpublished stays so. */
import type { DataverseClient } from '../client.ts';

/** @param table a logical name, as the configuration's schema checked it */
export async function publish(client: DataverseClient, table: string, signal: AbortSignal): Promise<void> {
  const body = {
    ParameterXml: `<importexportxml><entities><entity>${table}</entity></entities></importexportxml>`,
  };
  await client.send('POST', 'PublishXml', body, { template: 'POST /PublishXml', signal });
}
