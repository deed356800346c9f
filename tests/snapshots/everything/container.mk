# The image; `make ENGINE=podman image` takes podman.
ENGINE ?= docker
IMAGE ?= everything-server
ENV_FILE ?= $(wildcard .env)

.PHONY: image
image: ## Build the container image
	$(ENGINE) build --file Containerfile --tag $(IMAGE) .

.PHONY: image-run
image-run: ## Run the container image on $PORT
	$(ENGINE) run --rm --publish $(HOST):$(PORT):8000 $(addprefix --env-file ,$(ENV_FILE)) $(IMAGE)
