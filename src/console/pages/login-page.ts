import { html } from '../html-template.js'
import type { Page } from '../page-request.js'

/**
 * The login with Keystone: a user with a password, or a token.
 *
 * @param next the path to open after the login
 * @param reason why the last login was rejected; null at first
 */
export function loginPage({ next, reason }: { next: string; reason: string | null }): Page {
  return {
    title: 'Log in',
    content: html`<div class="login stack"><div class="head"><h1>Log in</h1><p>with Keystone of the identity provider</p></div>
${reason && html`<p class="says alarm" role="alert">${reason}</p>`}
<section class="card"><form method="post" action="/console/login">
<input type="hidden" name="next" value="${next}">
<label>User<input name="user" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<label>Project<input name="project" required></label>
<details><summary>Domains</summary>
<label>Domain id of the user<input name="user_domain" value="default"></label>
<label>Domain id of the project<input name="project_domain" value="default"></label></details>
<button class="main">Log in</button></form></section>
<section class="card"><details><summary>With a token</summary><form method="post" action="/console/login">
<input type="hidden" name="next" value="${next}">
<label>Token, as <code>openstack token issue</code> prints it<textarea name="token" rows="4" autocomplete="off" spellcheck="false" required></textarea></label>
<button>Log in with the token</button></form></details></section></div>`,
  }
}
