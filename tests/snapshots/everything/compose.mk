# The server with what it needs; `make COMPOSE="podman compose" compose-up` takes podman.
COMPOSE ?= docker compose

.PHONY: compose-up
compose-up: ## Build and start the server with its services
	$(COMPOSE) up --build --detach --wait

.PHONY: compose-logs
compose-logs: ## Follow what they log
	$(COMPOSE) logs --follow

.PHONY: compose-down
compose-down: ## Stop them; what they keep stays in volumes
	$(COMPOSE) down
