// Asks a server by the official client, unmodified: URL, token, database. Prints what it was told as JSON.
import { Client, ClientRequestProperties, KustoConnectionStringBuilder } from 'azure-kusto-data'

const [url, token, database, types] = process.argv.slice(2)
const client = new Client(KustoConnectionStringBuilder.withAccessToken(url, token))

async function refused(ask) {
  try {
    await ask()
  } catch (error) {
    const told = error.response?.data?.error
    return { status: error.response?.status, code: told?.code, text: told?.['@message'] ?? String(error.message) }
  }
  return null
}

const told = {}
const answer = await client.execute(database, types)
told.types = answer.primaryResults[0][0].toJSON()
told.columns = answer.primaryResults[0].columns.map((c) => [c.name, c.type])
told.events = [...answer.statusTable.rows()].map((r) => [r.EventTypeName, JSON.parse(r.Payload)])
told.errors = answer.getErrorsCount().errors

const first = await client.executeQueryV1(database, 'print b = true, j = dynamic({"k": 1})')
told.first = first.primaryResults[0][0].toJSON()

const properties = new ClientRequestProperties()
properties.setParameter('low', 3)
properties.setTimeout(30_000)
const query = 'declare query_parameters(low:long); range x from 1 to 5 step 1 | where x > low | sort by x asc'
const rows = await client.execute(database, query, properties)
told.parameters = [...rows.primaryResults[0].rows()].map((r) => r.x)

const tables = await client.execute(database, '.show tables')
told.tables = [...tables.primaryResults[0].rows()].map((r) => r.TableName)
const databases = await client.execute(database, '.show databases')
told.databases = [...databases.primaryResults[0].rows()].map((r) => r.DatabaseName)

told.semantic = await refused(() => client.execute(database, 'DeviceProcessEvents | where Nothing == 1'))
told.cut = await refused(() => client.execute(database, 'set truncationmaxrecords = 2; range x from 1 to 9 step 1'))
console.log(JSON.stringify(told))
client.close()
