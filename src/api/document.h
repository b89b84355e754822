/* The contract as OpenAPI JSON, made of schema/openapi.yaml and embedded. */
#pragma once

#include <stddef.h>

extern const char api_document[];
extern const size_t api_document_size;
