// Generated from docs/openapi.json by `npm run generate`. Do not edit.
export interface paths {
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the audit log, newest first. */
        get: operations["audit_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists devices in service. */
        get: operations["devices_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one device. */
        get: operations["devices_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists a device's orders, newest first. */
        get: operations["orders_list"];
        put?: never;
        /** Gives an order to a device; it is done when its receipt has come. */
        post: operations["orders_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/process-tree": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the ancestors and children of a process. */
        get: operations["devices_process_tree"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a device's events, newest first. */
        get: operations["devices_timeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/enrolment-tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists enrolment tokens. */
        get: operations["enrolment_tokens_list"];
        put?: never;
        /** Makes an enrolment token. */
        post: operations["enrolment_tokens_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/enrolment-tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends an enrolment token; machines that it took in stay. */
        delete: operations["enrolment_tokens_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a query. A query that does not compile is answered with the place and what was probably meant. */
        post: operations["hunting_query"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/query/{query_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Cancels a running query of the caller; an administrator cancels anybody's in the tenant. */
        delete: operations["hunting_cancel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Describes every table and column that queries can name. */
        get: operations["hunting_schema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/hunting/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Checks a query against the schema without running it. */
        post: operations["hunting_validate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/instance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells about the instance and what it warns of. */
        get: operations["instance_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads one order. */
        get: operations["orders_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells who is signed in. */
        get: operations["session_show"];
        put?: never;
        /** Signs in. `totp_required` asks for the code of the second factor. */
        post: operations["session_create"];
        /** Signs out: the session ends on the server and the cookie is taken away. */
        delete: operations["session_end"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the caller's own sessions. */
        get: operations["sessions_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of the caller's own sessions. */
        delete: operations["sessions_revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what a set-up link is for, without using it. */
        get: operations["setup_check"];
        put?: never;
        /** Begins the set-up of an account; the link is used up by the confirmation. */
        post: operations["setup_begin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/setup/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the set-up and signs in. */
        post: operations["setup_confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the caller's own tokens. */
        get: operations["tokens_list"];
        put?: never;
        /** Makes a token for the caller. */
        post: operations["tokens_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of the caller's own tokens. */
        delete: operations["tokens_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tenant's people. */
        get: operations["users_list"];
        put?: never;
        /** Invites somebody; the answer holds the link by which they set up their account. */
        post: operations["users_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes somebody with their sessions and tokens; the last administrator stays. */
        delete: operations["users_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description An API token; its secret is shown once, when it is made. */
        ApiToken: {
            /** @description When it was made. */
            created_at: components["schemas"]["Instant"];
            expires_at: components["schemas"]["Instant"] | null;
            /** @description Identifier. */
            id: string;
            last_used: components["schemas"]["Instant"] | null;
            /** @description A name to know it by. */
            name: string;
            /** @description The most that it may do; its owner's role bounds it too. */
            role: components["schemas"]["Role"];
        };
        /** @description API tokens. */
        ApiTokenPage: {
            /** @description The items of this page. */
            items: components["schemas"]["ApiToken"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description One entry. */
        AuditEntry: {
            /** @description Who, as they are called. */
            actor: string;
            /** @description `user`, `token`, `system` or `anonymous`. */
            actor_kind: string;
            /** @description When. */
            at: components["schemas"]["Instant"];
            /** @description More, by kind; on a failure its code. */
            details: unknown;
            /** @description Identifier. */
            id: string;
            /** @description From where. */
            ip_address: string;
            /** @description What, such as `order.create`. */
            kind: string;
            /** @description `success` or `failure`. */
            outcome: string;
            /** @description On what. */
            target: string;
        };
        /** @description Audit entries, newest first. */
        AuditEntryPage: {
            /** @description The items of this page. */
            items: components["schemas"]["AuditEntry"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A part of the sensor. */
        Component: {
            /** @description What is to be known about it. */
            detail: string;
            /** @description By what it works. */
            mechanism: string;
            /** @description Its name. */
            name: string;
            /**
             * Format: int32
             * @description The rung of its ladder; 1 is the best, 0 where there is none.
             */
            rung: number;
            /** @description `ok`, `degraded`, `failed` or `off`. */
            state: string;
        };
        /** @description A token that was just made. */
        CreatedApiToken: {
            /** @description When it ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /** @description Its name. */
            name: string;
            /** @description Its role. */
            role: components["schemas"]["Role"];
            /** @description The secret; it is never shown again. */
            token: string;
        };
        /** @description An enrolment token that was just made. */
        CreatedEnrolmentToken: {
            /** @description The command that enrols a machine with it. */
            command?: string | null;
            /** @description When it ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /**
             * Format: int32
             * @description How many machines it takes in.
             */
            max_uses: number;
            /** @description The secret; it is never shown again. */
            token: string;
        };
        /** @description Somebody who was invited. */
        CreatedUser: {
            /** @description When the link ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description The one-time link to give to them; it is never shown again. */
            setup_url: string;
            /** @description The account. */
            user: components["schemas"]["User"];
        };
        /**
         * @description How somebody proved who they are.
         * @enum {string}
         */
        CredentialKind: "session" | "token";
        /** @description A machine with a sensor. */
        Device: {
            /** @description Machine architecture. */
            architecture: string;
            /** @description The sensor's parts. */
            components: components["schemas"]["Component"][];
            /** @description The sensor's counters since its spool was made, losses included. */
            counters: {
                [key: string]: number;
            };
            /** @description When it enrolled. */
            first_seen: components["schemas"]["Instant"];
            /** @description How it is. */
            health: components["schemas"]["DeviceHealth"];
            /** @description The stable code of why. */
            health_code: string;
            /** @description What to do about it; empty when nothing. */
            health_fix: string;
            /** @description Why, for people. */
            health_reason: string;
            /** @description Identifier, 40 hexadecimal digits. */
            id: string;
            /** @description Addresses. */
            ip_addresses: string[];
            /** @description Kernel release. */
            kernel: string;
            last_event: components["schemas"]["Instant"] | null;
            last_heartbeat: components["schemas"]["Instant"] | null;
            last_seen: components["schemas"]["Instant"] | null;
            /** @description Host name. */
            name: string;
            /** @description Distribution, such as `Debian`. */
            os_distribution: string;
            /** @description Platform, such as `Linux`. */
            os_platform: string;
            /** @description Version of the distribution. */
            os_version: string;
            /** @description The part of the machine that the sensor watches; empty for all of it. */
            scope: string;
            /** @description Version of the sensor. */
            sensor_version: string;
            /** @description What people wrote on it. */
            tags: string[];
        };
        /**
         * @description How a device is.
         * @enum {string}
         */
        DeviceHealth: "active" | "impaired" | "inactive" | "no_sensor_data";
        /** @description Devices. */
        DevicePage: {
            /** @description The items of this page. */
            items: components["schemas"]["Device"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description One finding about a query text. */
        Diagnostic: {
            /** @description Stable snake_case code. */
            code: string;
            /**
             * Format: int32
             * @description Column in characters, from 1.
             */
            column: number;
            /**
             * Format: int32
             * @description Length in characters.
             */
            length: number;
            /**
             * Format: int32
             * @description Line, from 1.
             */
            line: number;
            /** @description One sentence for people. */
            message: string;
            /**
             * Format: int32
             * @description Offset from the start of the text, in characters.
             */
            offset: number;
            /** @description Error or warning. */
            severity: components["schemas"]["DiagnosticSeverity"];
            /** @description What the writer probably meant, as replacement text. */
            suggestion: string | null;
        };
        /** @description Findings about a query text, in the order of their place. */
        Diagnostics: {
            /** @description The findings; none when the query is good. */
            diagnostics: components["schemas"]["Diagnostic"][];
        };
        /**
         * @description How bad a diagnostic is.
         * @enum {string}
         */
        DiagnosticSeverity: "error" | "warning";
        /** @description An enrolment token; its secret is shown once, when it is made. */
        EnrolmentToken: {
            /** @description When it was made. */
            created_at: components["schemas"]["Instant"];
            /** @description Who made it. */
            created_by: string;
            /** @description When it ends. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            last_used: components["schemas"]["Instant"] | null;
            /**
             * Format: int32
             * @description How many machines it takes in.
             */
            max_uses: number;
            /**
             * Format: int32
             * @description How many it has taken in.
             */
            uses: number;
        };
        /** @description Enrolment tokens. */
        EnrolmentTokenPage: {
            /** @description The items of this page. */
            items: components["schemas"]["EnrolmentToken"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description An error as it is answered. */
        ErrorBody: {
            /** @description The error. */
            error: components["schemas"]["ErrorDetail"];
        };
        /** @description What is wrong. */
        ErrorDetail: {
            /** @description Stable snake_case code. */
            code: string;
            /** @description More, by code: for a query the line, column, length and suggestion. */
            details?: unknown;
            /** @description One sentence for people; its words may change. */
            message: string;
        };
        /** @description A column of a hunting table. */
        HuntingColumn: {
            /** @description What it means. */
            description: string;
            /** @description Whether every device fills it, or may fill it. */
            filled: boolean;
            /** @description Name; case matters. */
            name: string;
            /** @description Why it is not filled, or only sometimes. */
            reason: string | null;
            /** @description KQL type. */
            type: string;
        };
        /** @description A query to run. */
        HuntingQuery: {
            /**
             * Format: int64
             * @description How long it may run, milliseconds, up to ten minutes; one minute when absent.
             */
            deadline_ms?: number | null;
            /** @description KQL. */
            query: string;
            /** @description A name for cancelling it, unique among those that run: letters, digits, `-` and `_`. */
            query_id?: string | null;
            /**
             * Format: int64
             * @description Most rows of the answer, 1 to 100000; 10000 when absent.
             */
            row_cap?: number | null;
        };
        /** @description What a query returned. */
        HuntingResult: {
            /** @description The name by which it could be cancelled. */
            query_id: string;
            /** @description Rows; each has one value per column. */
            rows: unknown[][];
            /** @description Columns. */
            schema: components["schemas"]["ResultColumn"][];
            /** @description What it cost. */
            stats: components["schemas"]["QueryStats"];
            /** @description Whether the row cap cut the answer. */
            truncated: boolean;
            /** @description What may not mean what its writer thinks. */
            warnings: components["schemas"]["Diagnostic"][];
        };
        /** @description The hunting tables. */
        HuntingSchema: {
            /** @description The tables by name. */
            tables: components["schemas"]["HuntingTable"][];
        };
        /** @description A hunting table. */
        HuntingTable: {
            /** @description Values of ActionType. */
            action_types: components["schemas"]["Meaning"][];
            /** @description Keys of AdditionalFields. */
            additional_fields: components["schemas"]["Meaning"][];
            /** @description Columns in order. */
            columns: components["schemas"]["HuntingColumn"][];
            /** @description What its rows are. */
            description: string;
            /** @description `event`, `snapshot` or `view`. */
            kind: string;
            /** @description Name; case matters. */
            name: string;
        };
        /** @description The instance. */
        Instance: {
            /** @description Where sensors enrol. */
            ingest_url: string;
            /** @description Its identifier, 8 hexadecimal digits. */
            instance_id: string;
            /** @description The region whose data it holds. */
            region: string;
            /** @description The caller's tenant. */
            tenant: components["schemas"]["Tenant"];
            /** @description Its version. */
            version: string;
            /** @description What a person should know about the product itself, worst first. */
            warnings: components["schemas"]["Warning"][];
        };
        /**
         * Format: date-time
         * @description RFC 3339, UTC, microseconds.
         */
        Instant: string;
        /** @description One named thing and its meaning. */
        Meaning: {
            /** @description What it means. */
            description: string;
            /** @description The name. */
            name: string;
        };
        /** @description A token to be made. */
        NewApiToken: {
            /**
             * Format: int32
             * @description Its life in days, 1 to 365.
             */
            expires_in_days: number;
            /** @description A name to know it by. */
            name: string;
            /** @description The most that it may do; not more than its maker. */
            role: components["schemas"]["Role"];
        };
        /** @description An enrolment token to be made. */
        NewEnrolmentToken: {
            /**
             * Format: int32
             * @description Its life in hours, 1 to 2160.
             */
            expires_in_hours: number;
            /**
             * Format: int32
             * @description How many machines it takes in, 1 to 100000.
             */
            max_uses: number;
        };
        /** @description An order to give. */
        NewOrder: {
            /** @description What to do. */
            kind: components["schemas"]["OrderKind"];
            /** @description Why; it is kept with the order and shown to whoever looks at the device. */
            reason: string;
        };
        /** @description Somebody to invite. */
        NewUser: {
            /** @description Address. */
            email: string;
            /** @description Name. */
            name: string;
            /** @description Role. */
            role: components["schemas"]["Role"];
        };
        /** @description An order. */
        Order: {
            completed_at: components["schemas"]["Instant"] | null;
            /** @description When it was given. */
            created_at: components["schemas"]["Instant"];
            delivered_at: components["schemas"]["Instant"] | null;
            /** @description The device. */
            device_id: string;
            /** @description When the device will no longer obey it. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /** @description What it is to do. */
            kind: string;
            /** @description Why, in the words of who asked. */
            reason: string;
            /** @description What the device reported, with its proof; null before. */
            receipt: unknown;
            /** @description Who asked. */
            requested_by: string;
            /**
             * Format: int64
             * @description From giving it to its receipt, milliseconds.
             */
            round_trip_ms: number | null;
            /** @description Where it stands. */
            state: components["schemas"]["OrderState"];
        };
        /**
         * @description What a device can be ordered to do.
         * @enum {string}
         */
        OrderKind: "ping" | "collect-now";
        /** @description Orders, newest first. */
        OrderPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Order"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /**
         * @description Where an order stands.
         * @enum {string}
         */
        OrderState: "queued" | "delivered" | "succeeded" | "failed" | "expired";
        /** @description One process. */
        ProcessNode: {
            /** @description Account that it ran as. */
            account_name: string;
            /** @description Command line. */
            command_line: string;
            end: components["schemas"]["Instant"] | null;
            /** @description Name of the executable. */
            file_name: string;
            /** @description Whether it is the process that was asked for. */
            focus: boolean;
            /** @description Path of the executable. */
            folder_path: string;
            /** @description Its unique identifier on the device. */
            id: string;
            /** @description Whether its start was not seen, so that less is known. */
            is_partial: boolean;
            /** @description The node that started it; null at the top. */
            parent_id: string | null;
            /**
             * Format: int64
             * @description Process id; reused by the system.
             */
            pid: number;
            /** @description SHA-256 of the executable. */
            sha256: string;
            start: components["schemas"]["Instant"] | null;
        };
        /** @description The processes around one process. */
        ProcessTree: {
            /** @description Ancestors from the top, the process itself, its children by start. */
            nodes: components["schemas"]["ProcessNode"][];
            /** @description Whether there are more ancestors or children than are shown. */
            truncated: boolean;
        };
        /** @description What a query cost. */
        QueryStats: {
            /**
             * Format: double
             * @description Processor time, milliseconds.
             * @default 0
             */
            cpu_ms: number;
            /**
             * Format: int64
             * @description Most memory that was reserved at once, bytes.
             * @default 0
             */
            peak_memory_bytes: number;
            /**
             * Format: int64
             * @description Rows in the answer.
             * @default 0
             */
            rows_returned: number;
            /**
             * Format: int64
             * @description Rows read from storage.
             * @default 0
             */
            rows_scanned: number;
            /**
             * Format: double
             * @description Time from start to end, milliseconds.
             * @default 0
             */
            wall_ms: number;
        };
        /** @description A column of a result. */
        ResultColumn: {
            /** @description Its name. */
            name: string;
            /** @description Its KQL type. */
            type: string;
        };
        /**
         * @description What somebody may do.
         * @enum {string}
         */
        Role: "administrator" | "reader";
        /** @description A session of the console. */
        Session: {
            /** @description When it began. */
            created_at: components["schemas"]["Instant"];
            /** @description Whether this very call uses it. */
            current: boolean;
            /** @description When it ends if it is not used. */
            expires_at: components["schemas"]["Instant"];
            /** @description Identifier. */
            id: string;
            /** @description From where it began. */
            ip_address: string;
            /** @description When it was last used, to about a minute. */
            last_seen: components["schemas"]["Instant"];
            /** @description The browser as it names itself. */
            user_agent: string;
        };
        /** @description The present session. */
        SessionInfo: {
            /** @description The value of the header X-Palisade-Csrf. */
            csrf: string;
            /** @description Session or token. */
            kind: components["schemas"]["CredentialKind"];
            /** @description What the caller may do. */
            role: components["schemas"]["Role"];
            /** @description The tenant. */
            tenant: components["schemas"]["Tenant"];
            /** @description The account; for a token of the instance itself, the token's name and identifier. */
            user: components["schemas"]["User"];
        };
        /** @description Sessions. */
        SessionPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Session"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description Proof of the second factor. */
        SetupConfirm: {
            /** @description Six digits from the authenticator; a reader may go without. */
            code?: string | null;
            /** @description From the answer before. */
            setup_session: string;
        };
        /** @description The second factor to add to an authenticator. */
        SetupEnrolment: {
            /** @description Continues the set-up. */
            setup_session: string;
            /** @description The secret in base 32. */
            totp_secret: string;
            /** @description The same as `otpauth:` address, for a QR code. */
            totp_uri: string;
        };
        /** @description What a set-up link is for. */
        SetupInfo: {
            /** @description The address of the person who was invited; null where any may be given. */
            email: string | null;
            /** @description Their name. */
            name: string | null;
            role: components["schemas"]["Role"] | null;
            /** @description The tenant's name; empty when the link is not valid. */
            tenant_name: string;
            /** @description Whether the link can be used. */
            valid: boolean;
        };
        /** @description Account data for a set-up link. */
        SetupRequest: {
            /** @description Address, by which to sign in. */
            email: string;
            /** @description Name. */
            name: string;
            /** @description Password, at least 12 characters. */
            password: string;
            /** @description The link's token. */
            token: string;
        };
        /** @description Who signed in. */
        SignedIn: {
            /** @description The account. */
            user: components["schemas"]["User"];
        };
        /** @description Credentials. */
        SignInRequest: {
            /** @description Six digits from the authenticator, where the account has one. */
            code?: string | null;
            /** @description Address. */
            email: string;
            /** @description Password. */
            password: string;
            /** @description The tenant's name; needed only on an instance with several. */
            tenant?: string | null;
        };
        /** @description A tenant. */
        Tenant: {
            /** @description Its identifier. */
            id: string;
            /** @description Its name. */
            name: string;
        };
        /** @description One event. */
        TimelineItem: {
            /** @description What happened. */
            ActionType: string;
            /**
             * Format: int64
             * @description With device and instant the event's identity.
             */
            ReportId: number;
            /** @description The row's columns that are not empty. */
            Row: {
                [key: string]: unknown;
            };
            /** @description One sentence for people. */
            Summary: string;
            /** @description The table that has the row. */
            Table: string;
            /** @description When it happened. */
            Timestamp: components["schemas"]["Instant"];
        };
        /** @description A page of a timeline. */
        TimelineItemPage: {
            /** @description The events, newest first. */
            items: components["schemas"]["TimelineItem"][];
            /** @description Asks for older ones; null at the end. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description How many there are in all, where that is known without reading them all: when they fit on
             *     one page. Otherwise null.
             */
            total: number | null;
        };
        /** @description A person with an account. */
        User: {
            /** @description When the account was made. */
            created_at: components["schemas"]["Instant"];
            /** @description Address. */
            email: string;
            /** @description Identifier. */
            id: string;
            last_sign_in: components["schemas"]["Instant"] | null;
            /** @description Name. */
            name: string;
            /** @description Role. */
            role: components["schemas"]["Role"];
            /** @description `invited` until the set-up link is used, then `active`; `disabled`. */
            state: string;
            /** @description Whether a second factor is set up. */
            totp_enabled: boolean;
        };
        /** @description People. */
        UserPage: {
            /** @description The items of this page. */
            items: components["schemas"]["User"][];
            /** @description Asks for the next page; null on the last. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description Items on all pages.
             */
            total: number;
        };
        /** @description A query to check. */
        ValidateRequest: {
            /** @description KQL. */
            query: string;
        };
        /** @description Something about the product itself that a person should know: a full disk, a stopped role. */
        Warning: {
            /** @description Stable snake_case code. */
            code: string;
            /** @description One sentence for people, with what to do. */
            message: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    audit_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Entries, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEntryPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description `active`, `impaired`, `inactive`, `no_sensor_data`; several separated by commas. */
                health?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description `asc` (default) or `desc`. */
                order?: string;
                /** @description Platforms or distributions; several separated by commas. */
                os?: string;
                /** @description Text that the name, identifier, an address, a tag or the system contains. */
                search?: string;
                /** @description `name` (default), `os`, `health`, `first_seen`, `last_seen`, `last_event`, `sensor_version`. */
                sort?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DevicePage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The device. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Device"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    orders_list: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Most items, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Orders, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    orders_create: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewOrder"];
            };
        };
        responses: {
            /** @description The order, queued. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_process_tree: {
        parameters: {
            query: {
                /** @description The process in the middle. */
                process_unique_id: string;
                /** @description An instant at which the process existed, RFC 3339; its start is looked for before it. */
                timestamp?: string;
            };
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The processes around it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProcessTree"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    devices_timeline: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Earliest instant, RFC 3339. */
                from?: string;
                /** @description Most items, 1 to 500; 50 when absent. */
                limit?: number;
                /** @description Text that one of the usual columns must contain, without regard to case. */
                search?: string;
                /** @description Event tables, separated by commas; all when absent. */
                tables?: string;
                /** @description Latest instant, RFC 3339. */
                to?: string;
            };
            header?: never;
            path: {
                /** @description The device. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimelineItemPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    enrolment_tokens_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Enrolment tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrolmentTokenPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    enrolment_tokens_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEnrolmentToken"];
            };
        };
        responses: {
            /** @description The token, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedEnrolmentToken"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    enrolment_tokens_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The token. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_query: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HuntingQuery"];
            };
        };
        responses: {
            /** @description The rows. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingResult"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name that was given to the query. */
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is being stopped. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_schema: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tables. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntingSchema"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    hunting_validate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ValidateRequest"];
            };
        };
        responses: {
            /** @description What is wrong with the query. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Diagnostics"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    instance_show: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The instance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Instance"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    orders_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_show: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who is signed in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionInfo"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInRequest"];
            };
        };
        responses: {
            /** @description Signed in; sets the session cookie. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_end: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    sessions_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's own sessions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    sessions_revoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_check: {
        parameters: {
            query: {
                /** @description The link's token. */
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the link is for. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupInfo"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_begin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetupRequest"];
            };
        };
        responses: {
            /** @description The second factor to add. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupEnrolment"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    setup_confirm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetupConfirm"];
            };
        };
        responses: {
            /** @description Signed in; sets the session cookie. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    tokens_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's own tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiTokenPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    tokens_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewApiToken"];
            };
        };
        responses: {
            /** @description The token, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiToken"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    tokens_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The token. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tenant's people. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPage"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewUser"];
            };
        };
        responses: {
            /** @description The account and its one-time link. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedUser"];
                };
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    users_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The call failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
}
