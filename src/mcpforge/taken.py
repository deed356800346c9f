"""Names that no project may have: its package or command would take another's place."""

from __future__ import annotations

# What the generated projects, their tests or their tools import, with all that these bring along:
# the modules and distributions of an environment with the requirements of every feature.
MODULES = frozenset(
    """
    adbc_driver_duckdb aerospike aerospike_helpers aerospike_stubs aioboto3 aiobotocore aiofile
    aiofiles aiohappyeyeballs aiohttp aioitertools aiomcache aiosignal aiosqlite annotated_types
    anyio ast_serialize asyncpg asyncpg_stubs attr attrs authlib azure azure_core
    azure_data_tables backports backports_tarfile beartype boto3 boto3_stubs botocore
    botocore_stubs bson cachetools caio certifi cffi charset_normalizer click conftest coverage
    cryptography cyclopts dateutil deprecated dns dnspython docstring_parser dotenv duckdb
    elastic_transport elasticsearch email_validator events exceptiongroup fastmcp fastmcp_slim
    frozenlist glide glide_shared google google_api_core google_auth google_cloud_core
    google_cloud_firestore googleapis_common_protos greenlet gridfs griffe griffelib grpc
    grpc_status grpcio grpcio_status h11 hatchling httpcore httpcore2 httpx httpx2 hvac
    hvac_stubs idna importlib_metadata iniconfig isodate jaraco jaraco_classes jaraco_context
    jaraco_functools jeepney jmespath joserfc jsonref jsonschema jsonschema_path
    jsonschema_specifications jwt key_value keyring lazy_importer librt limits markdown_it
    markdown_it_py mcp mcp_types mdurl more_itertools multidict multipart mypy
    mypy_boto3_secretsmanager mypy_extensions mypyc nodeenv openapi_pydantic opensearch
    opensearch_protobufs opensearch_py opensearchpy opentelemetry opentelemetry_api
    opentelemetry_exporter_http_transport opentelemetry_exporter_otlp_common
    opentelemetry_exporter_otlp_proto_common opentelemetry_exporter_otlp_proto_http
    opentelemetry_proto opentelemetry_sdk opentelemetry_semantic_conventions outcome packaging
    pathable pathspec pip platformdirs pluggy prometheus_client propcache proto proto_plus
    protobuf proxytypes psycopg purgatory py py_key_value_aio pyasn1 pyasn1_modules pybreaker
    pycparser pydantic pydantic_core pydantic_settings pygments pyjwt pymongo pyperclip pyright
    pytest pytest_asyncio pytest_cov python_dateutil python_dotenv python_multipart pytz pyyaml
    redis referencing requests requests_stubs rich rich_rst rocksdict rpds rpds_py ruff
    s3transfer s3transfer_stubs secretstorage sentry_sdk setuptools site six sniffio
    sortedcontainers sqlalchemy src sse_starlette starlette tenacity test tests trio truststore
    types_aiobotocore_dynamodb types_aiobotocore_s3 types_hvac types_requests types_s3transfer
    typing_extensions typing_inspection uncalled_for urllib3 uv uvicorn valkey_glide watchfiles
    websockets wheel wrapt yaml yarl zipp
    """.split()  # noqa: SIM905 - two hundred quoted lines would say no more
)
# Folders that the project's own `.gitignore`, or ruff and mypy by default, leave out.
PASSED_OVER = frozenset(("build", "dist", "node_modules", "venv"))
# Commands that every environment has, or gets with what a project depends on, beside those called
# like a module; uv refuses to install another `python`.
COMMANDS = frozenset(
    (
        *("python", "python3", "pythonw", "activate", "deactivate", "coverage3", "dmypy"),
        *(f"{command}3.{minor}" for command in ("python", "coverage-") for minor in range(11, 30)),
        *(f"activate.{shell}" for shell in ("bat", "csh", "fish", "nu", "ps1", "xsh")),
        *("activate_this.py", "deactivate.bat", "pydoc.bat", "jp.py", "py.test", "stubgen"),
        *("stubtest", "normalizer", "pygmentize", "cffi-gen-src", "pyright-langserver"),
        *("pyright-python", "pyright-python-langserver"),
    )
)
