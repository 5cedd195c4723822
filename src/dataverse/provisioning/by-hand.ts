/** What no API call of `setup` can do, and where to click for it. Pure. */
import type { ProvisioningSettings } from './step.ts';

export interface ByHand {
  readonly what: string;
  readonly where: string;
}

export function byHand({ marketingJobs: jobs, server }: ProvisioningSettings): ByHand[] {
  const list: ByHand[] = [];
  if (jobs) {
    list.push(
      {
        what: `show ${jobs.table} to CRM users: it is in no app yet`,
        where:
          'make.powerapps.com → Apps → your app → Edit → Add page → Dataverse table → Marketing Job; save and publish',
      },
      {
        what: 'let CRM users ask for erasures',
        where:
          'admin.powerplatform.microsoft.com → the environment → Settings → Users + permissions → Security roles → their role: Create, Read and Append on Marketing Job, Append To on Contact, Lead and Account',
      },
      {
        what: "let the connector read and write jobs, where its role's privileges above are missing",
        where: 'the same place → the role of the application user: Read and Write on Marketing Job, organization level',
      },
    );
  }
  if (server.webhook) {
    list.push({
      what: 'let Dynamics in: the webhook comes from outside',
      where: `your gateway or firewall: from ${new URL(server.webhook.url).host}, port 443, to /hooks/dataverse at server.host and server.port`,
    });
  }
  return list;
}
