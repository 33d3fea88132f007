import type { DataKeyRow, DataKeyStore } from '../../ports/data-key-store.ts'

const PAGE = 100

/** All data keys that are not revoked, a page at a time. @throws StoreUnavailableError */
export async function* everyDataKey(store: DataKeyStore): AsyncGenerator<DataKeyRow, void, undefined> {
  for (let page = await store.list(undefined, PAGE); page.length > 0;) {
    yield* page
    page = await store.list(page.at(-1)?.id, PAGE)
  }
}
