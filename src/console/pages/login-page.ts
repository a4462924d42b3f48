import type { Fault } from '../console-request.js'
import { html } from '../html-template.js'
import type { Page } from '../page-request.js'

/** A login that was rejected. */
export interface Rejection extends Fault {
  readonly status: number
}

/**
 * The login with Keystone: a user with a password, or a token.
 *
 * @param next the path to open after the login
 * @param rejection of the last login
 */
export function loginPage(next: string, rejection?: Rejection): Page {
  return {
    title: 'Log in',
    ...(rejection && { status: rejection.status, fault: rejection }),
    content: html`<div class="login stack"><div class="head"><h1>Log in</h1><p>with Keystone of the identity provider</p></div>
${rejection && html`<p class="says alarm" role="alert">${rejection.message}</p>`}
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
