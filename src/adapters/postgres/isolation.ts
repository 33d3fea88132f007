import { ConfigInvalidError, MigrationConflictError } from '../../domain/errors.ts'
import type { Migration } from './migration-files.ts'
import type { PostgresQueries } from './postgres-pool.ts'

const PARTITIONS = [
  'meta_ad_connections',
  'google_ads_connections',
  'tiktok_ad_connections',
  'klaviyo_connections',
  'other_connections',
]

/** What the migrations make to keep tenants apart. A migration that adds to it adds to this. */
export const ISOLATION: {
  /** The functions that act as each role, whoever calls them. Members of `integrations_app` may, and nobody else. */
  readonly functions: Readonly<Record<string, readonly string[]>>
  /** The tables under forced row-level security, and the roles that one policy each lets see rows of them. */
  readonly tables: Readonly<Record<string, readonly string[]>>
} = {
  functions: {
    integrations_app: ['integrations_claim', 'integrations_sealed', 'integrations_reseal'],
    integrations_jobs: [
      'integrations_claim_due',
      'integrations_give_back',
      'integrations_count_due',
      'integrations_needing_attention',
      'integrations_connections_of',
      'integrations_claim_revocations',
      'integrations_sealed_keys',
      'integrations_sealed_revocation_keys',
    ],
    integrations_refreshes: ['integrations_leased', 'integrations_store'],
    integrations_reads: PARTITIONS.flatMap((table) => [
      `integrations_read_${table}`,
      `integrations_read_many_${table}`,
    ]),
  },
  tables: {
    integration_connections: ['integrations_app', 'integrations_jobs', 'integrations_refreshes'],
    pending_revocations: ['integrations_app', 'integrations_jobs'],
    ...Object.fromEntries(
      PARTITIONS.map((table) => [table, ['integrations_app', 'integrations_jobs', 'integrations_reads']]),
    ),
  },
}

/**
 * A restore without its roles, or a hand, leaves tables that work and keep nobody apart. Where a newer release migrated,
 * what belongs there is for that release to say.
 * @throws MigrationConflictError naming all that is not as `ISOLATION` says
 */
export async function refuseUnprotected(
  client: PostgresQueries,
  migrations: readonly Migration[],
  applied: ReadonlyMap<number, string>,
): Promise<void> {
  const known = new Set(migrations.map(({ version }) => version))
  if ([...applied.keys()].some((version) => !known.has(version))) return
  const { rows } = await client.query<Deviation>(DEVIATIONS, [
    JSON.stringify(pairsOf(ISOLATION.functions)),
    JSON.stringify(pairsOf(ISOLATION.tables)),
  ])
  if (rows.length === 0) return
  const problems = [...new Set(rows.map(({ problem }) => problem))]
  const lists = problems.map((problem) => listOf(rows.filter((row) => row.problem === problem)))
  throw new MigrationConflictError(
    `The database does not keep tenants apart as it was migrated to: ${lists.join('; ')}. Stop what uses it, and ` +
      'restore it as docs/operating.md says under "Restore", or put back what is named',
  )
}

/** @throws ConfigInvalidError when the login may not act as the role that works as a tenant */
export async function refuseUngranted(client: PostgresQueries): Promise<void> {
  const { rows } = await client.query<{ login: string }>(UNGRANTED)
  const [ungranted] = rows
  if (ungranted === undefined) return
  throw new ConfigInvalidError([
    `database: the login ${ungranted.login} may not act as integrations_app; run ` +
      `\`integrations migrate --grant-to ${ungranted.login}\` as a login that may grant it`,
  ])
}

interface Deviation extends Record<string, unknown> {
  readonly problem: string
  readonly subject: string
}

const MAX_NAMED = 3

/** Of one problem. */
function listOf(deviations: readonly Deviation[]): string {
  const named = deviations.slice(0, MAX_NAMED).map(({ subject }) => subject)
  const more = deviations.length - named.length
  return `${deviations[0]?.problem ?? ''}: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function pairsOf(
  lists: Readonly<Record<string, readonly string[]>>,
): readonly { key: string; name: string }[] {
  return Object.entries(lists).flatMap(([key, names]) => names.map((name) => ({ key, name })))
}

/** Everything that is not as wanted. Policies of the host's own roles are the host's affair, and so are restrictive ones. */
const DEVIATIONS = `
WITH functions AS (
  SELECT x.name, x.key AS role FROM json_to_recordset($1::json) AS x(key text, name text)
), policies AS (
  SELECT x.key AS table_name, x.name AS role FROM json_to_recordset($2::json) AS x(key text, name text)
), roles AS (
  SELECT role AS name FROM functions UNION SELECT role FROM policies
), tables AS (
  SELECT DISTINCT table_name AS name FROM policies
), existing_policies AS (
  SELECT c.relname::text AS table_name, coalesce(r.rolname, 'PUBLIC')::text AS role, count(*) AS number
  FROM pg_policy p
  JOIN pg_class c ON c.oid = p.polrelid AND c.relnamespace = 'public'::regnamespace
  CROSS JOIN unnest(p.polroles) AS of_role
  LEFT JOIN pg_roles r ON r.oid = of_role
  WHERE p.polpermissive
  GROUP BY 1, 2
)
SELECT found.problem, t.name AS subject
FROM tables t
LEFT JOIN pg_class c ON c.relname = t.name AND c.relnamespace = 'public'::regnamespace
CROSS JOIN LATERAL (VALUES
  (c.oid IS NULL, 'tables that are missing'),
  (NOT (c.relrowsecurity AND c.relforcerowsecurity), 'tables without forced row-level security')
) AS found(is_so, problem)
WHERE found.is_so
UNION ALL
SELECT 'policies that are missing', w.role || ' on ' || w.table_name
FROM policies w
WHERE NOT EXISTS (SELECT FROM existing_policies e WHERE e.table_name = w.table_name AND e.role = w.role)
UNION ALL
SELECT 'policies that are not ours', e.role || ' on ' || e.table_name
FROM existing_policies e
JOIN tables t ON t.name = e.table_name
WHERE (e.role = 'PUBLIC' OR e.role IN (SELECT name FROM roles))
  AND e.number > (SELECT count(*) FROM policies w WHERE w.table_name = e.table_name AND w.role = e.role)
UNION ALL
SELECT found.problem, f.name
FROM functions f
LEFT JOIN pg_proc p ON p.proname = f.name AND p.pronamespace = 'public'::regnamespace
LEFT JOIN pg_roles owner ON owner.oid = p.proowner
LEFT JOIN pg_roles app ON app.rolname = 'integrations_app'
CROSS JOIN LATERAL (VALUES
  (p.oid IS NULL, 'functions that are missing'),
  (NOT p.prosecdef, 'functions that act as their caller'),
  (owner.rolname <> f.role, 'functions that act as another role than theirs'),
  (has_function_privilege('public', p.oid, 'EXECUTE'), 'functions that PUBLIC may execute'),
  (NOT has_function_privilege(app.oid, p.oid, 'EXECUTE'), 'functions that integrations_app may not execute')
) AS found(is_so, problem)
WHERE found.is_so
UNION ALL
SELECT found.problem, wanted.name
FROM roles wanted
LEFT JOIN pg_roles r ON r.rolname = wanted.name
CROSS JOIN LATERAL (VALUES
  (r.oid IS NULL, 'roles that are missing'),
  (r.rolsuper OR r.rolbypassrls, 'roles that row-level security does not hold for')
) AS found(is_so, problem)
WHERE found.is_so
ORDER BY 1, 2`

/** As the migration asks it: before version 16 whoever was a member could act as the role. */
const UNGRANTED = `
SELECT current_user AS login FROM pg_roles r
WHERE r.rolname = 'integrations_app' AND NOT (pg_has_role(r.oid, 'USAGE') AND pg_has_role(r.oid,
  CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END))`
