export const demoStyle = `
.demo-bar { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; justify-content: space-between;
  padding: .6rem max(1rem, calc((100vw - 66rem) / 2)); background: #1b2330; color: #f2f4f8; font-size: .9375rem; }
.demo-bar p { margin: 0; }
.demo-bar strong { margin-right: .5rem; }
.demo-bar form { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0; }
.demo-bar button { min-height: 2.5rem; padding: .35rem .8rem; border: 1px solid #6d7a90; border-radius: .5rem;
  background: none; color: inherit; font: inherit; cursor: pointer; }
.demo-bar button:hover { border-color: #fff; }
.demo-bar button[aria-current] { background: #f2f4f8; border-color: #f2f4f8; color: #1b2330; font-weight: 600; }
.demo-bar button:focus-visible { outline: 3px solid #9dbbff; outline-offset: 2px; }
.cgk.demo-tools { padding-top: 0; }
.demo-tools section { padding: 1.25rem; border: 1px dashed var(--edge); border-radius: .75rem; }
.demo-tools h2 { margin: 0 0 .25rem; }
.demo-tools section > p { margin: 0 0 1rem; font-size: .9375rem; }
.demo-tools ul { list-style: none; margin: 0; padding: 0; }
.demo-tools li { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; padding: .6rem 0; border-top: 1px solid var(--line); }
.demo-tools li > span { flex: 1 1 8rem; font-weight: 560; }
.demo-tools form { display: flex; flex-wrap: wrap; gap: .5rem; }
@media (max-width: 26rem) { .demo-tools li > span { flex-basis: 100%; } }
@media (prefers-color-scheme: dark) { .demo-bar { background: #0b0e13; border-bottom: 1px solid #313a47; } }
`
