/** Version of this SDK: that of the package. */
export const SDK_VERSION = '0.1.0';
/** Revision of the schema that this SDK was built for. */
export const SCHEMA_REVISION = 1;
