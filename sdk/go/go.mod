module actionbox

go 1.27
