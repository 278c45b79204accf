module mistakes

go 1.27

require actionbox v0.0.0

replace actionbox => ./sdk
