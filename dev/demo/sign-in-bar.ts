import { html } from '../../src/web/page/markup.ts'
import type { Markup } from '../../src/web/page/markup.ts'
import { demoTenants } from './tenants.ts'
import type { DemoSession } from './tenants.ts'

/** The host's own header: for whom one is signed in, and the way to change that. */
export function signInBar({ tenant }: DemoSession): Markup {
  const choices = demoTenants.map(({ id, name }) => {
    const current = id === tenant.id ? html` aria-current="true"` : html``
    return html`<button name="tenant" value="${id}" ${current}>${name}</button>`
  })
  return html`<header class="demo-bar">
    <p><strong>Demo host</strong> ${tenant.user.name} of ${tenant.name} is signed in.</p>
    <form method="post" action="/demo/switch" aria-label="Sign in for another tenant">${choices}</form>
  </header>`
}
