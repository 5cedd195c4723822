/** The pages for somebody who is not logged in: the form, and how to make it work where no token is set. */
import { type Html, html } from './html.ts';

/** @param to path to go to afterwards */
export function logInContent(to: string, problem: string | undefined): Html {
  return html`${problem && html`<p class="notice bad" role="alert">${problem}</p>`}
<form method="post" action="/log-in">
<input type="hidden" name="to" value="${to}">
<label for="token">Admin token (<code>server.adminToken</code> of the configuration)<br><input id="token" name="token" type="password" required autocomplete="current-password"></label>
<p><button>Log in</button></p>
</form>`;
}

export function noTokenContent(): Html {
  return html`<p>The status page is closed, since no token is set. To open it, set one in the configuration and restart the connector:</p>
<pre>server:
  adminToken: \${CONNECTOR_ADMIN_TOKEN}</pre>
<p>and put a random secret of 16 bytes or more into the environment, for example from <code>openssl rand -hex 32</code>.</p>
<p>Health and metrics need none: <a href="/livez">/livez</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a>.</p>`;
}
