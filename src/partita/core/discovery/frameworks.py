"""Frameworks by the exact names under which manifests and imports know them."""

from collections.abc import Iterable

from partita.core.discovery.manifests import Manifest
from partita.core.discovery.words import listed

# label: what it is declared as in a manifest (exact names, by ecosystem)
_DECLARED = {
    "FastAPI": "python:fastapi",
    "Flask": "python:flask",
    "Django": "python:django",
    "Django REST framework": "python:djangorestframework",
    "Starlette": "python:starlette",
    "aiohttp": "python:aiohttp",
    "Tornado": "python:tornado",
    "Litestar": "python:litestar",
    "Streamlit": "python:streamlit",
    "click": "python:click",
    "Typer": "python:typer",
    "Pydantic": "python:pydantic",
    "SQLAlchemy": "python:sqlalchemy",
    "SQLModel": "python:sqlmodel",
    "Alembic": "python:alembic",
    "Celery": "python:celery",
    "pandas": "python:pandas",
    "NumPy": "python:numpy",
    "PyTorch": "python:torch",
    "pytest": "python:pytest",
    "Hypothesis": "python:hypothesis",
    "React": "node:react",
    "Next.js": "node:next",
    "Vue": "node:vue",
    "Nuxt": "node:nuxt",
    "Svelte": "node:svelte",
    "Angular": "node:@angular/core",
    "Express": "node:express",
    "NestJS": "node:@nestjs/core",
    "Fastify": "node:fastify",
    "Electron": "node:electron",
    "Prisma": "node:prisma node:@prisma/client",
    "Tailwind CSS": "node:tailwindcss",
    "Vite": "node:vite",
    "Jest": "node:jest",
    "Vitest": "node:vitest",
    "Mocha": "node:mocha",
    "Playwright": "node:@playwright/test node:playwright python:playwright",
    "Gin": "go:github.com/gin-gonic/gin",
    "Echo": "go:github.com/labstack/echo",
    "Fiber": "go:github.com/gofiber/fiber",
    "Chi": "go:github.com/go-chi/chi",
    "Cobra": "go:github.com/spf13/cobra",
    "Axum": "rust:axum",
    "Actix Web": "rust:actix-web",
    "Rocket": "rust:rocket",
    "Tokio": "rust:tokio",
    "Clap": "rust:clap",
    "Ruby on Rails": "ruby:rails",
    "Sinatra": "ruby:sinatra",
    "RSpec": "ruby:rspec ruby:rspec-rails",
    "Laravel": "php:laravel/framework",
    "Symfony": "php:symfony/framework-bundle",
    "PHPUnit": "php:phpunit/phpunit",
    "Spring Boot": "java:spring-boot-starter java:spring-boot-starter-web java:spring-boot",
    "JUnit": "java:junit java:junit-jupiter java:junit-jupiter-api",
}
# label: the top-level module it is imported as, where that is not its Python name above
_IMPORTED_AS = {"Django REST framework": "rest_framework", "Playwright": "playwright"}
_BY_MODULE = {
    _IMPORTED_AS.get(label, name.removeprefix("python:")): label
    for label, names in _DECLARED.items()
    for name in names.split()
    if name.startswith("python:")
}


def frameworks(manifests: Iterable[Manifest], modules: Iterable[str]) -> tuple[str, ...]:
    """The frameworks by declared dependency or by top-level Python module imported."""
    declared = frozenset(d for m in manifests for d in m.dependencies)
    imported = {_BY_MODULE[m] for m in modules if m in _BY_MODULE}
    return tuple(
        label
        for label, names in _DECLARED.items()
        if label in imported or not declared.isdisjoint(listed(names))
    )
