/**
 * What a database administrator runs where the login that migrates may not create roles: the first part before it
 * migrates, the second, which takes back what it does not need for good, after it has. `grantTo` names further logins that
 * will use the tables.
 */
export function dbaStatements(login = 'your_login', grantTo: readonly string[] = []): string {
  const name = quoted(login)
  const users = [...new Set([login, ...grantTo])].map(quoted).join(', ')
  return [
    '-- before migrating',
    ...ROLES.map(createdOnce),
    `GRANT integrations_app TO ${users};`,
    `GRANT integrations_jobs, integrations_reads, integrations_refreshes TO ${name};`,
    `GRANT USAGE, CREATE ON SCHEMA public TO integrations_app, integrations_jobs, integrations_reads, integrations_refreshes, ${name};`,
    '-- after migrating',
    '-- not before: this takes back what the migration needs',
    'REVOKE CREATE ON SCHEMA public FROM integrations_app, integrations_jobs, integrations_reads, integrations_refreshes;',
    `REVOKE integrations_jobs, integrations_reads, integrations_refreshes FROM ${name};`,
  ].join('\n')
}

const ROLES = ['integrations_app', 'integrations_jobs', 'integrations_reads', 'integrations_refreshes']

/** Roles belong to the whole cluster: another database, or an earlier version, may have brought them. */
function createdOnce(role: string): string {
  return `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`
}

/** An identifier as SQL writes it. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
