// Answers the cases on standard input with @cloud-copilot/iam-simulate, which is
// looked for in the folder that the first argument names.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { join, resolve } from 'node:path'
import { readFileSync } from 'node:fs'

const home = resolve(process.argv[2] ?? '.')
const require = createRequire(pathToFileURL(join(home, 'package.json')))
const { runSimulation } = require('@cloud-copilot/iam-simulate')
const version = JSON.parse(readFileSync(join(home, 'node_modules/@cloud-copilot/iam-simulate/package.json'))).version

const named = (list, prefix) => (list ?? []).map((policy, i) => ({ name: `${prefix}${i}`, policy }))
const levels = (list) => (list ?? []).map((l) => ({ orgIdentifier: l.level, policies: named(l.policies, l.level) }))

// A session policy is one document here: several say the same as one with all
// of their statements.
function joined(list) {
  if (!list || list.length === 0) return undefined
  return { Version: list[0].Version, Statement: list.flatMap((p) => p.Statement) }
}

function simulation(c) {
  const p = c.request.principal
  return {
    request: {
      principal: p.type === 'anonymous' ? { type: 'Anonymous' } : p.arn,
      action: c.request.action,
      resource: { resource: c.request.resource.arn, accountId: c.request.resource.account },
      contextVariables: c.request.context,
    },
    identityPolicies: named([...(c.identityPolicies ?? []), ...(c.groupPolicies ?? [])], 'identity'),
    sessionPolicy: joined(c.sessionPolicies),
    serviceControlPolicies: levels(c.scps),
    resourceControlPolicies: levels(c.rcps),
    resourcePolicy: c.resourcePolicy,
    permissionBoundaryPolicies: c.boundaryPolicies?.length ? named(c.boundaryPolicies, 'boundary') : undefined,
    vpcEndpointPolicies: c.endpointPolicies?.length ? named(c.endpointPolicies, 'endpoint') : undefined,
  }
}

const cases = []
for await (const line of createInterface({ input: process.stdin })) if (line.trim()) cases.push(JSON.parse(line))

const out = []
const start = process.cpuUsage()
for (const c of cases) {
  const answer = { id: c.id }
  try {
    const r = await runSimulation(simulation(c), {})
    if (r.resultType === 'error') answer.error = r.errors.message + ' ' + JSON.stringify(r.errors).slice(0, 300)
    else answer.decision = r.overallResult
  } catch (e) {
    answer.error = String(e)
  }
  out.push(answer)
}
const used = process.cpuUsage(start)
const seconds = (used.user + used.system) / 1e6
out.push({ engine: `@cloud-copilot/iam-simulate ${version}`, perSecond: cases.length / seconds })
process.stdout.write(out.map((a) => JSON.stringify(a)).join('\n') + '\n')
