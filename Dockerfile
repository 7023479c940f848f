# The image of the flows, which the work pool bovespa-ecs runs: the packages of the flows and what they need, at the versions of
# constraints.txt; nothing of the laptop's account, the Pulumi program, the Glue job or the tests.
#
#   docker build --platform linux/amd64 --tag bovespa-flows .
#   docker run --rm bovespa-flows bovespa --help

FROM python:3.11.14-slim-bookworm AS build
RUN python -m venv /opt/venv
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY expectations expectations
COPY flows flows
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt .

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --create-home bovespa
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DO_NOT_TRACK=1 \
    GX_ANALYTICS_ENABLED=false
USER bovespa
WORKDIR /home/bovespa
# Prefect gives a run's container its own command.
CMD ["bovespa", "--help"]
