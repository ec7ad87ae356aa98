"""Which tools run the sheets: instruments, movements, and the older `backend` section."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from jobs.scores.models.section import Section, breach

# They decide what code is loaded or whose account is used.
_PROTECTED_VARIABLES = frozenset(
    {
        *("PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "NODE_PATH"),
        *("DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("ANTHROPIC_API_KEY", "OPENAI_API_KEY"),
    }
)


class RecursiveLightConfig(Section):
    """Settings of the Recursive Light backend."""

    endpoint: str = "http://localhost:8080"
    user_id: str | None = None
    timeout: Annotated[float, Field(gt=0)] = 30.0


class OllamaConfig(Section):
    """Settings for models that run on an Ollama server."""

    base_url: str = "http://localhost:11434"
    model: str = "llama3.1:8b"
    num_ctx: Annotated[int, Field(ge=4096)] = 32768
    dynamic_tools: bool = True
    compression_level: Literal["minimal", "moderate", "aggressive"] = "moderate"
    timeout_seconds: Annotated[float, Field(gt=0)] = 300.0
    keep_alive: str = "5m"
    max_tool_iterations: Annotated[int, Field(ge=1, le=50)] = 10
    health_check_timeout: float = 10.0


class SheetBackendOverride(Section):
    """Backend settings for one sheet."""

    cli_model: str | None = None
    model: str | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    timeout_seconds: Annotated[float, Field(gt=0)] | None = None


class BackendConfig(Section):
    """The older way to say which AI tool runs the sheets, and how."""

    type: str = "claude_cli"
    skip_permissions: bool = True
    disable_mcp: bool = True
    output_format: Literal["json", "text", "stream-json"] = "text"
    cli_model: str | None = None
    allowed_tools: list[str] | None = None
    system_prompt_file: Path | None = None
    working_directory: Path | None = None
    timeout_seconds: Annotated[float, Field(gt=0)] = 1800.0
    timeout_overrides: dict[int, float] = Field(default_factory=dict)
    sheet_overrides: dict[int, SheetBackendOverride] = Field(default_factory=dict)
    cli_extra_args: list[str] = Field(default_factory=list)
    max_output_capture_bytes: Annotated[int, Field(gt=0)] = 51200
    model: str = "claude-sonnet-4-5-20250929"
    api_key_env: str = "ANTHROPIC_API_KEY"
    max_tokens: Annotated[int, Field(ge=1)] = 16384
    temperature: Annotated[float, Field(ge=0, le=1)] = 0.7
    recursive_light: RecursiveLightConfig = Field(default_factory=RecursiveLightConfig)
    ollama: OllamaConfig = Field(default_factory=OllamaConfig)


class MCPServerConfig(Section):
    """How one MCP server is started."""

    name: str
    command: str
    args: list[str] = Field(default_factory=list)
    env: dict[str, str] = Field(default_factory=dict)
    working_dir: str | None = None
    timeout_seconds: float = 30.0

    @model_validator(mode="after")
    def _leaves_sensitive_variables(self) -> Self:
        for name in self.env:
            if name.upper() in _PROTECTED_VARIABLES:
                message = f"The variable {name.upper()} must not be set for an MCP server."
                raise breach(message, "env", name, at_key=True)
        return self


class BridgeConfig(Section):
    """A bridge to MCP servers for backends that cannot speak to them."""

    enabled: bool = False
    mcp_proxy_enabled: bool = True
    mcp_servers: list[MCPServerConfig] = Field(default_factory=list)
    hybrid_routing_enabled: bool = False
    complexity_threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.7
    fallback_to_claude: bool = True
    context_budget_percent: Annotated[int, Field(ge=10, le=95)] = 75


class InstrumentDef(Section):
    """A name of the score's own for an instrument profile with settings."""

    profile: Annotated[str, Field(min_length=1)]
    config: dict[str, Any] = Field(default_factory=dict)


class MovementDef(Section):
    """A phase of the score: its name, instrument and number of voices."""

    name: str | None = None
    instrument: Annotated[str, Field(min_length=1)] | None = None
    instrument_config: dict[str, Any] = Field(default_factory=dict)
    voices: Annotated[int, Field(ge=1)] | None = None
    instrument_fallbacks: list[str] = Field(default_factory=list)
