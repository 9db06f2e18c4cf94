"""Asks a server by the official client, unmodified: URL, token, database. Prints what it was told as JSON."""
import json
import sys
from datetime import timedelta

from azure.kusto.data import ClientRequestProperties, KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.exceptions import KustoApiError, KustoServiceError

url, token, database, types = sys.argv[1:5]


def connect(secret):
    return KustoClient(KustoConnectionStringBuilder.with_aad_application_token_authentication(url, secret))


def refused(ask):
    try:
        ask()
    except KustoApiError as e:
        error = e.get_api_error()
        return {
            "kind": type(e).__name__, "code": error.code, "text": error.description,
            "permanent": error.permanent, "semantic": e.is_semantic_error(),
        }
    except KustoServiceError as e:
        return {"kind": type(e).__name__, "text": str(e)}
    return None


client = connect(token)
told = {}
answer = client.execute(database, types)
row = answer.primary_results[0][0]
told["types"] = {name: repr(value) for name, value in row.to_dict().items()}
told["columns"] = [[c.column_name, c.column_type] for c in answer.primary_results[0].columns]
information = next(t for t in answer if t.table_name == "QueryCompletionInformation")
told["events"] = [[r["EventTypeName"], json.loads(r["Payload"])] for r in information]
told["errors"] = answer.errors_count
told["empty"] = client.execute(database, "DeviceProcessEvents | where false").primary_results[0].rows_count

streamed = client.execute_streaming_query(database, "range x from 1 to 5000 step 1 | sort by x asc")
table = next(streamed.iter_primary_results())
told["streamed"] = sum(r["x"] for r in table)

properties = ClientRequestProperties()
properties.set_parameter("low", 3)
properties.set_parameter("word", 'a"b')
properties.set_option(ClientRequestProperties.request_timeout_option_name, timedelta(seconds=30))
query = "declare query_parameters(low:long, word:string); range x from 1 to 5 step 1 | where x > low | extend w = word"
told["parameters"] = sorted(r.to_list() for r in client.execute(database, query, properties).primary_results[0])

told["tables"] = [r["TableName"] for r in client.execute(database, ".show tables").primary_results[0]]
told["piped"] = [r.to_list() for r in client.execute(database, ".show tables | summarize n = count()").primary_results[0]]
told["schema"] = client.execute(database, ".show database schema as json").primary_results[0][0]["DatabaseSchema"]
told["version"] = client.execute(database, ".show version").primary_results[0][0].to_dict()
told["databases"] = [r["DatabaseName"] for r in client.execute(None, ".show databases").primary_results[0]]

told["semantic"] = refused(lambda: client.execute(database, "DeviceProcessEvents | where Nothing == 1"))
told["syntax"] = refused(lambda: client.execute(database, "DeviceProcessEvents | where ("))
told["database"] = refused(lambda: client.execute("nobody's", "print 1"))
told["command"] = refused(lambda: client.execute(database, ".drop table DeviceProcessEvents"))
told["token"] = refused(lambda: connect("pal_nonsense").execute(database, "print 1"))
told["cut"] = refused(lambda: client.execute(database, "set truncationmaxrecords = 2; range x from 1 to 9 step 1"))
print(json.dumps(told))
