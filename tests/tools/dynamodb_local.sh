# Runs test programs on DynamoDB Local; sourced after install.sh.
# shellcheck shell=bash

# Starts DynamoDB Local on a free port, sets `port`, and returns when it answers.
start_dynamodb_local() {
    local emulator=$tools/dynamodb/package/emulator tries
    port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
    # In its own folder, because it leaves a file where it runs.
    (cd "$emulator" && exec java -Djava.library.path=DynamoDBLocal_lib -jar DynamoDBLocal.jar \
        -inMemory -disableTelemetry -port "$port") >"$tools/dynamodb.log" 2>&1 &
    server=$!
    trap 'kill "$server" || true' EXIT
    for ((tries = 0; tries < 150; tries++)); do
        answers "$port" 2>/dev/null && return
        sleep 0.2
    done
    cat "$tools/dynamodb.log"
    return 1
}

answers() (
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET / HTTP/1.0\r\n\r\n' >&3
    read -r -t 5 <&3
)

# Runs one of the test programs on a DynamoDB Local of its own: one that has had hundreds of tables
# takes minutes for what a new one does in seconds.
on_dynamodb_local() (
    start_dynamodb_local
    CONFAB_TEST_DYNAMODB=http://127.0.0.1:$port cargo test --workspace --test "$1" --locked
)
