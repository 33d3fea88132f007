import { createHash } from 'node:crypto'
import { textResponse } from '../responses.ts'

const SHEET = `
:root { color-scheme: light dark; scroll-padding-block: 5rem; }
body { margin: 0; background: #f6f7f9; color: #1b2330;
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
.cgk { --ground: #f6f7f9; --surface: #fff; --line: #dde1e8; --quiet: #545e6e; --link: #1f4fc4; --primary: #1f4fc4; --on-primary: #fff;
  --primary-over: #183f9d; --field: #8089981f; --edge: #838c9b;
  --good: #0b6b3a; --good-soft: #e3f4ea; --attention: #7d4a00; --attention-soft: #fdf1da;
  --bad: #a3212b; --bad-soft: #fdeaea; --off: #545e6e; --off-soft: #eceff3;
  box-sizing: border-box; max-width: 68rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
@media (prefers-color-scheme: dark) {
  body { background: #12161d; color: #e6e9ee; }
  .cgk { --ground: #12161d; --surface: #1a2029; --line: #313a47; --quiet: #a5afbe; --link: #8fb1ff; --primary: #8fb1ff; --on-primary: #0d1628;
    --primary-over: #b3caff; --field: #00000040; --edge: #748092;
    --good: #86d8a8; --good-soft: #17301f; --attention: #f2c46f; --attention-soft: #33270f;
    --bad: #ff9f9f; --bad-soft: #3a1a1c; --off: #a5afbe; --off-soft: #262e39; }
}
.cgk *, .cgk *::before { box-sizing: border-box; }
.cgk a { color: var(--link); text-underline-offset: .15em; }
.cgk :focus-visible, .cgk-skip:focus { outline: 3px solid var(--link, #1f4fc4); outline-offset: 2px; }
.cgk h1 { margin: 0 0 .5rem; font-size: 1.75rem; line-height: 1.25; letter-spacing: -.01em; font-weight: 650; text-wrap: balance; }
.cgk h2 { margin: 0; font-size: 1.125rem; line-height: 1.3; font-weight: 620; }
.cgk p { margin: 0 0 1rem; }
.cgk form { margin: 0; }
.cgk code { font-size: .92em; overflow-wrap: anywhere; }
.cgk-skip { position: absolute; left: -999rem; padding: .5rem 1rem; background: #fff; color: #1f4fc4; }
.cgk-skip:focus { left: .5rem; top: .5rem; z-index: 1; }
.cgk-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.cgk-intro { margin-bottom: 1.75rem; }
.cgk-lead { max-width: 42rem; color: var(--quiet); font-size: 1.0625rem; text-wrap: pretty; }
.cgk-intro .cgk-lead { margin: 0; }
.cgk-quiet, .cgk-hint, .cgk-fine { color: var(--quiet); }
.cgk-hint, .cgk-fine { font-size: .875rem; }
.cgk .cgk-fine { margin-top: 2rem; }
.cgk-narrow { max-width: 40rem; }
.cgk-narrow > h1 { margin-bottom: .75rem; }
.cgk-grid { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 48rem) { .cgk-grid { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.25rem; } }
.cgk-card { display: flex; flex-direction: column; padding: 1.25rem; background: var(--surface);
  border: 1px solid var(--line); border-radius: .75rem; }
.cgk-card-head { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; margin-bottom: 1rem; }
.cgk-card-head h2 { flex: 1 1 auto; overflow-wrap: anywhere; }
.cgk-card > p:last-child { margin-bottom: 0; }
.cgk-mark { flex: none; display: grid; place-items: center; width: 2.25rem; height: 2.25rem; border-radius: .6rem;
  background: #475569; color: #fff; font-weight: 700; }
.cgk-mark-meta { background: #0b5fd0; }
.cgk-mark-google_ads { background: #1a7340; }
.cgk-mark-tiktok { background: #1c1c22; box-shadow: inset 0 0 0 1px #5b5b66; }
.cgk-mark-klaviyo { background: #8a3b12; }
.cgk-pill { display: inline-flex; align-items: center; gap: .45em; padding: .2rem .7rem; border-radius: 99rem;
  font-size: .8125rem; font-weight: 600; color: var(--tone); background: var(--tone-soft); }
.cgk-pill::before { content: ''; flex: none; width: .55em; height: .55em; border-radius: 50%; background: currentColor; }
.cgk-pill.cgk-attention::before { border-radius: 0; transform: rotate(45deg) scale(.9); }
.cgk-pill.cgk-bad::before { border-radius: 0; }
.cgk-pill.cgk-off::before { width: .75em; height: .75em; background: none; border: 2px solid currentColor; }
.cgk-good { --tone: var(--good); --tone-soft: var(--good-soft); }
.cgk-attention { --tone: var(--attention); --tone-soft: var(--attention-soft); }
.cgk-bad { --tone: var(--bad); --tone-soft: var(--bad-soft); }
.cgk-off { --tone: var(--off); --tone-soft: var(--off-soft); }
.cgk-banner, .cgk-notice { padding: .75rem 1rem; border-radius: .5rem; color: var(--tone); background: var(--tone-soft); }
.cgk .cgk-banner { margin-bottom: 1.5rem; border-left: .25rem solid var(--tone); }
.cgk-banner p { margin: 0; }
.cgk-banner form { margin-top: .75rem; }
.cgk .cgk-notice { margin-bottom: 1rem; font-size: .9375rem; }
.cgk-facts { margin: 0 0 1.25rem; display: grid; gap: .5rem; font-size: .9375rem; }
.cgk-facts > div { display: grid; grid-template-columns: 8rem minmax(0, 1fr); gap: .75rem; }
.cgk-facts dt { color: var(--quiet); }
.cgk-facts dd { margin: 0; overflow-wrap: anywhere; }
.cgk-id { color: var(--quiet); font-size: .875rem; font-variant-numeric: tabular-nums; }
.cgk-actions { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: auto; align-items: center; }
.cgk .cgk-actions.cgk-sticky { position: sticky; bottom: 0; padding: .75rem 0; background: var(--ground); }
.cgk-button { display: inline-flex; align-items: center; justify-content: center; min-height: 2.75rem; padding: .45rem 1rem;
  border: 1px solid var(--edge); border-radius: .5rem; background: var(--surface); color: inherit; cursor: pointer;
  font: inherit; font-weight: 560; font-size: .9375rem; line-height: 1.2; text-decoration: none; text-align: center; }
.cgk a.cgk-button { color: inherit; }
.cgk-button:hover { border-color: currentColor; background: var(--field); }
.cgk-primary, .cgk a.cgk-primary { background: var(--primary); border-color: var(--primary); color: var(--on-primary); }
.cgk-primary:hover { background: var(--primary-over); border-color: var(--primary-over); }
.cgk-danger { background: var(--bad); border-color: var(--bad); color: var(--surface); }
.cgk-danger:hover { background: var(--bad); border-color: currentColor; filter: brightness(.92); }
.cgk-plain { border-color: transparent; background: none; padding-inline: .6rem; text-decoration: underline;
  text-underline-offset: .2em; text-decoration-thickness: 1px; }
.cgk-plain:hover { border-color: transparent; text-decoration-thickness: 2px; }
.cgk label { font-weight: 560; }
.cgk input:not([type=radio], [type=checkbox], [type=hidden]), .cgk select { display: block; width: 100%; min-height: 2.75rem; margin-top: .35rem;
  padding: .5rem .75rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--surface); color: inherit; font: inherit; }
.cgk .cgk-key { margin-top: auto; }
.cgk-key .cgk-hint { margin: .15rem 0 .5rem; }
.cgk-key .cgk-button { margin-top: .75rem; }
.cgk .cgk-search { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .35rem .5rem; margin: 1.25rem 0 1rem; }
.cgk-search label { grid-column: 1 / -1; }
.cgk .cgk-search input { margin-top: 0; }
.cgk-choices { margin: 0 0 1rem; padding: 0; border: 1px solid var(--line); border-radius: .75rem; background: var(--surface); overflow: hidden; }
.cgk .cgk-choice { display: flex; gap: .75rem; align-items: center; padding: .65rem 1rem; font-weight: 400; cursor: pointer; }
.cgk-choice + .cgk-choice { border-top: 1px solid var(--line); }
.cgk-choice:hover { background: var(--field); }
.cgk-choice:has(:focus-visible) { outline: 3px solid var(--link); outline-offset: -3px; }
.cgk-choice input { flex: none; width: 1.15rem; height: 1.15rem; margin: 0; accent-color: var(--primary); }
.cgk-choice input:focus-visible { outline: none; }
.cgk-choice > span { display: flex; flex-direction: column; overflow-wrap: anywhere; }
.cgk-choice-name { font-weight: 560; }
.cgk-pager { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; margin: 1.25rem 0; }
.cgk .cgk-stack { display: grid; gap: .5rem; margin-bottom: 1rem; }
@media (max-width: 26rem) { .cgk-facts > div { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .cgk-actions form, .cgk-actions .cgk-button:not(.cgk-plain) { flex: 1 1 auto; } .cgk-actions form .cgk-button, .cgk-key .cgk-button, .cgk-banner .cgk-button { width: 100%; } }
@media (forced-colors: active) { .cgk-pill, .cgk-banner, .cgk-notice { border: 1px solid; } }
@media (prefers-reduced-motion: no-preference) { .cgk-button { transition: background-color .12s, border-color .12s; } }
`

const HASH = createHash('sha256').update(SHEET).digest('hex').slice(0, 12)

export const STYLESHEET_NAME: string = `style-${HASH}.css`

/** The name contains a hash of the content, so that browsers can keep the file for good and fetch a new version at once. */
export function stylesheetPath(basePath: string): string {
  return `${basePath}/${STYLESHEET_NAME}`
}

export function stylesheetResponse(): Response {
  return textResponse(SHEET, 'text/css; charset=utf-8', {
    headers: { 'cache-control': 'public, max-age=31536000, immutable' },
  })
}
